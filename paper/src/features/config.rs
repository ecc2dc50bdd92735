//! Hugging Face's `preprocessor_config.json`.

use std::path::Path;

use serde_json::{Map, Value};

use super::preprocess::Preprocessing;
use super::resize::Filter;
use hessia::files::open_regular;
use hessia::{Error, Result};

/// Such files have a few hundred bytes.
const LARGEST: u64 = 1 << 20;

impl Preprocessing {
    /// Reads a Hugging Face `preprocessor_config.json`. Images are taken to be square.
    ///
    /// # Errors
    /// A file that is not such a configuration, or settings that are not known here.
    pub fn from_config(path: impl AsRef<Path>) -> Result<Preprocessing> {
        let path = path.as_ref();
        let (file, size) = open_regular(path, "a preprocessor_config.json")?;
        if size > LARGEST {
            return Err(Error::format(path, format!("at most {LARGEST} bytes"), format!("{size} bytes")));
        }
        let value: Value = serde_json::from_reader(std::io::BufReader::new(file))
            .map_err(|e| Error::format(path, "a JSON object", e.to_string()))?;
        let Value::Object(map) = value else {
            return Err(Error::format(path, "a JSON object", "another value"));
        };
        let config = Config { path, map };
        let usual = Preprocessing::default();
        if !config.flag("do_resize")? {
            return Err(config.error("do_resize", "true"));
        }
        let size = config.pair("size")?.ok_or_else(|| config.error("size", "a side, or height and width"))?;
        let crop = match config.map.contains_key("do_center_crop") && config.flag("do_center_crop")? {
            true => config.pair("crop_size")?,
            false => None,
        };
        let normalise = config.flag("do_normalize")?;
        let read = Preprocessing {
            size,
            crop,
            filter: config.filter()?,
            rescale: match config.flag("do_rescale")? {
                true => config.number("rescale_factor")?.unwrap_or(usual.rescale),
                false => 1.0,
            },
            mean: if normalise { config.numbers("image_mean")? } else { vec![0.0] },
            deviation: if normalise { config.numbers("image_std")? } else { vec![1.0] },
            order: usual.order,
        };
        read.check()?;
        Ok(read)
    }
}

struct Config<'a> {
    path: &'a Path,
    map: Map<String, Value>,
}

impl Config<'_> {
    fn error(&self, name: &str, expected: &str) -> Error {
        let found = self.map.get(name).map_or("nothing".to_string(), Value::to_string);
        Error::format(self.path, format!("{name}: {expected}"), found.chars().take(80).collect::<String>())
    }

    /// True where nothing is said, as in Hugging Face's classes.
    fn flag(&self, name: &str) -> Result<bool> {
        match self.map.get(name) {
            None | Some(Value::Null) => Ok(true),
            Some(value) => value.as_bool().ok_or_else(|| self.error(name, "true or false")),
        }
    }

    fn number(&self, name: &str) -> Result<Option<f64>> {
        match self.map.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_f64().map(Some).ok_or_else(|| self.error(name, "a number")),
        }
    }

    fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let refused = || self.error(name, "a list of numbers");
        let list = self.map.get(name).and_then(Value::as_array).ok_or_else(refused)?;
        list.iter().map(|value| value.as_f64().ok_or_else(refused)).collect()
    }

    /// A side, `{"height": .., "width": ..}` or, of square images, `{"shortest_edge": ..}`.
    fn pair(&self, name: &str) -> Result<Option<(usize, usize)>> {
        let Some(value) = self.map.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
        let side = |value: &Value| value.as_u64().and_then(|side| usize::try_from(side).ok());
        let within = |key: &str| value.get(key).and_then(side);
        let square = side(value).or_else(|| within("shortest_edge"));
        let pair = match (square, within("height"), within("width")) {
            (Some(side), _, _) => Some((side, side)),
            (None, Some(height), Some(width)) => Some((height, width)),
            _ => None,
        };
        pair.map(Some).ok_or_else(|| self.error(name, "a side, height and width, or shortest_edge"))
    }

    /// By Pillow's numbers.
    fn filter(&self) -> Result<Filter> {
        match self.map.get("resample") {
            None | Some(Value::Null) => Ok(Filter::Bilinear),
            Some(value) => match value.as_u64() {
                Some(1) => Ok(Filter::Lanczos),
                Some(2) => Ok(Filter::Bilinear),
                Some(3) => Ok(Filter::Bicubic),
                _ => Err(self.error("resample", "1 (lanczos), 2 (bilinear) or 3 (bicubic)")),
            },
        }
    }
}
