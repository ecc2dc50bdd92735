//! Tables: what is written is what was computed, in every format, with what made it.
#![cfg(feature = "table")]

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use hessia::table::{
    Format, PROVENANCE_KEY, Provenance, block_norm_table, density_table, magnitude_table, spectrum_table,
    write_table,
};
use hessia::{
    Activation, Dataset, Error, Loss, Network, Spectrum, Targets, Term, curvature, eigvalsh, network_spectrum,
};
use ndarray::{Array1, Array2, array, s};
use polars::prelude::{DataFrame, Series};
use polars_arrow::io::ipc::read::{FileReader, read_file_metadata};
use polars_io::SerReader;
use polars_io::csv::read::CsvReader;
use polars_io::json::{JsonFormat, JsonReader};
use polars_io::parquet::read::ParquetReader;

const FORMATS: [&str; 4] = ["t.parquet", "t.csv", "t.json", "t.arrow"];

/// Numbers that a careless writer shortens, rounds or drops.
fn awkward() -> Spectrum {
    let eigenvalues = array![-1.0e300, -0.1, -5e-324, 0.0, 1.0 / 3.0, f64::MAX];
    Spectrum {
        residuals: Some(eigenvalues.mapv(|v: f64| v.abs() * f64::EPSILON)),
        order: 10,
        first: 4,
        implied_zeros: 0..0,
        tolerance: 1e-12,
        eigenvalues,
        eigenvectors: None,
        orthogonality: None,
    }
}

fn made() -> Provenance {
    Provenance::new("spectrum")
        .seed(3)
        .loss(Loss::cross_entropy())
        .setting("note", "a \"quoted\", é")
        .residual(1e-9)
}

/// Reads a table and its provenance back.
fn read(path: &Path) -> (DataFrame, Provenance) {
    let mut file = File::open(path).unwrap();
    let (mut table, mut text) = (DataFrame::default(), String::new());
    match Format::of(path).unwrap() {
        Format::Parquet => {
            let mut reader = ParquetReader::new(file);
            let pairs = reader.get_metadata().unwrap().key_value_metadata().clone().unwrap();
            text = pairs.iter().find(|pair| pair.key == PROVENANCE_KEY).unwrap().value.clone().unwrap();
            table = reader.finish().unwrap();
        }
        Format::Csv => table = CsvReader::new(file).finish().unwrap(),
        Format::Json => table = JsonReader::new(file).with_json_format(JsonFormat::Json).finish().unwrap(),
        Format::Arrow => {
            let metadata = read_file_metadata(&mut file).unwrap();
            text = metadata.custom_schema_metadata.as_ref().unwrap()[PROVENANCE_KEY].to_string();
            let schema = metadata.schema.clone();
            for batch in FileReader::new(file, metadata, None, None) {
                let arrays = batch.unwrap().into_arrays();
                let columns = schema.iter_values().zip(arrays);
                let columns = columns.map(|(f, a)| Series::from_arrow(f.name.clone(), a).unwrap().into());
                table = DataFrame::new_infer_height(columns.collect()).unwrap();
            }
        }
    }
    if text.is_empty() {
        let column = table.column("provenance").unwrap().str().unwrap().clone();
        text = column.get(0).unwrap().to_string();
        assert!(column.iter().all(|row| row == Some(text.as_str())), "the same in every row");
        table = table.drop("provenance").unwrap();
    }
    (table, serde_json::from_str(&text).unwrap())
}

fn bits(table: &DataFrame, name: &str) -> Vec<Option<u64>> {
    table.column(name).unwrap().f64().unwrap().iter().map(|v| v.map(f64::to_bits)).collect()
}

fn floats(table: &DataFrame, name: &str) -> Vec<f64> {
    table.column(name).unwrap().f64().unwrap().into_no_null_iter().collect()
}

fn integers(table: &DataFrame, name: &str) -> Vec<i64> {
    table.column(name).unwrap().i64().unwrap().into_no_null_iter().collect()
}

#[test]
fn every_format_gives_back_every_bit_and_what_made_it() {
    let folder = tempfile::tempdir().unwrap();
    let written = spectrum_table(&awkward()).unwrap();
    for name in FORMATS {
        let path = folder.path().join(name);
        write_table(&written, &path, &made()).unwrap();
        let (table, provenance) = read(&path);
        assert_eq!(provenance, made(), "{name}");
        assert_eq!(table.get_column_names(), ["index", "eigenvalue", "residual"], "{name}");
        assert_eq!(integers(&table, "index"), [4, 5, 6, 7, 8, 9], "{name}");
        for column in ["eigenvalue", "residual"] {
            assert_eq!(bits(&table, column), bits(&written, column), "{name} {column}");
        }
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), FORMATS.len(), "nothing but the tables is left");
}

#[test]
fn residuals_that_were_not_computed_are_null() {
    let folder = tempfile::tempdir().unwrap();
    let table = spectrum_table(&eigvalsh(&array![[2.0, 1.0], [1.0, 2.0]]).unwrap()).unwrap();
    assert_eq!(table.column("residual").unwrap().null_count(), 2);
    for name in FORMATS {
        let path = folder.path().join(name);
        write_table(&table, &path, &made()).unwrap();
        assert_eq!(read(&path).0.column("residual").unwrap().null_count(), 2, "{name}");
    }
}

#[test]
fn eigenvalues_put_in_as_zero_have_no_residual() {
    let net = Network::random(&[30, 2, 2], false, Activation::Tanh, 1).unwrap();
    let x = Array2::from_shape_fn((3, 30), |(i, j)| f64::from(i == j));
    let data = Dataset::new("toy", x, Targets::Classes(array![0, 1, 1])).unwrap();
    let (spectrum, route) = network_spectrum(&net, &data, Loss::cross_entropy(), Term::Full, true).unwrap();
    let table = spectrum_table(&spectrum).unwrap();
    assert_eq!(table.height(), net.parameter_count());
    assert_eq!(table.column("residual").unwrap().null_count(), net.parameter_count() - route.solved);
}

#[test]
fn other_extensions_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let table = spectrum_table(&awkward()).unwrap();
    for (name, found) in [("t.xlsx", ".xlsx"), ("t", "no extension"), ("parquet", "no extension")] {
        let error = write_table(&table, folder.path().join(name), &made()).unwrap_err();
        assert!(matches!(error, Error::Format { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(name) && text.contains(found) && text.contains(".parquet"), "{text}");
    }
    assert_eq!(Format::of("A.CSV").unwrap(), Format::Csv);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_failed_write_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let table = spectrum_table(&awkward()).unwrap();
    let taken = folder.path().join("taken.csv");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("inside"), "kept").unwrap();
    assert!(write_table(&table, &taken, &made()).is_err());
    assert!(write_table(&table, folder.path().join("missing").join("t.csv"), &made()).is_err());
    assert_eq!(fs::read_to_string(taken.join("inside")).unwrap(), "kept");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn tables_have_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (plain, table) = (folder.path().join("plain"), folder.path().join("t.csv"));
    File::create(&plain).unwrap();
    write_table(&spectrum_table(&awkward()).unwrap(), &table, &made()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&table), mode(&plain));
}

const READERS: &str = r#"
import json, sys
try:
    import pandas, polars, pyarrow.ipc, pyarrow.parquet
except ImportError as e:
    print('skipped:', e); sys.exit()
from os.path import join
d = sys.argv[1]
frames = [pandas.read_parquet(join(d, 't.parquet')), pandas.read_csv(join(d, 't.csv'), float_precision='round_trip'),
          pandas.read_feather(join(d, 't.arrow')),
          polars.read_parquet(join(d, 't.parquet')), polars.read_csv(join(d, 't.csv')),
          polars.read_json(join(d, 't.json')), polars.read_ipc(join(d, 't.arrow'))]
for f in frames:
    assert list(f['index']) == [4, 5, 6, 7, 8, 9], f
    assert list(f['eigenvalue']) == [-1.0e300, -0.1, -5e-324, 0.0, 1/3, 1.7976931348623157e308], f
    assert list(f.columns)[:3] == ['index', 'eigenvalue', 'residual'], f
# pandas' own JSON parser gives up exactness at the extremes, so only the integers are asked for.
assert list(pandas.read_json(join(d, 't.json'))['index']) == [4, 5, 6, 7, 8, 9]
made = [pyarrow.parquet.read_metadata(join(d, 't.parquet')).metadata[b'hessia'],
        pyarrow.ipc.open_file(join(d, 't.arrow')).schema.metadata[b'hessia'],
        polars.read_parquet_metadata(join(d, 't.parquet'))['hessia'],
        frames[1]['provenance'][0], frames[5]['provenance'][0]]
for m in made:
    m = json.loads(m)
    assert m['seed'] == 3 and m['settings']['note'] == 'a "quoted", é', m
print('read by pandas', pandas.__version__, 'and polars', polars.__version__)
"#;

#[test]
fn pandas_and_polars_read_them() {
    let folder = tempfile::tempdir().unwrap();
    for name in FORMATS {
        write_table(&spectrum_table(&awkward()).unwrap(), folder.path().join(name), &made()).unwrap();
    }
    let python = std::env::var("HESSIA_PYTHON").unwrap_or_else(|_| "python3".to_string());
    match Command::new(python).arg("-c").arg(READERS).arg(folder.path()).output() {
        Ok(output) => {
            println!("{}", String::from_utf8_lossy(&output.stdout));
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        Err(error) => println!("skipped: no Python: {error}"),
    }
}

#[test]
fn block_norms_are_those_of_the_blocks() {
    let net = Network::random(&[4, 3, 3, 2], true, Activation::Tanh, 5).unwrap();
    let x = Array2::from_shape_fn((7, 4), |(i, j)| ((3 * i + 5 * j) as f64).sin());
    let labels = (0..7).map(|i| i % 2).collect();
    let data = Dataset::new("toy", x, Targets::Classes(labels)).unwrap();
    let terms = [Term::Full, Term::Ggn, Term::HTerm]
        .map(|term| curvature(&net, &data, Loss::cross_entropy(), term).unwrap());
    let table = block_norm_table(&net, &[&terms[0], &terms[1], &terms[2]]).unwrap();
    let pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];
    assert_eq!(table.height(), pairs.len());
    assert_eq!(table.column("name").unwrap().str().unwrap().get(2), Some("0 x 4"));
    for term in &terms {
        let frobenius = floats(&table, &format!("{}_frobenius", term.term));
        let spectral = floats(&table, &format!("{}_spectral", term.term));
        let whole = term.matrix.iter().map(|v| v * v).sum::<f64>();
        let squares: f64 = pairs
            .iter()
            .zip(&frobenius)
            .map(|((p, q), norm)| if p == q { norm * norm } else { 2.0 * norm * norm })
            .sum();
        // As many squares as entries, summed in two orders.
        let entries = term.matrix.len() as f64;
        assert!((squares - whole).abs() <= entries * f64::EPSILON * whole, "{squares} {whole}");
        for ((p, q), spectral) in pairs.iter().zip(spectral) {
            // The eigenvalues of [0 B; Bᵀ 0] are the singular values of B and their negatives.
            let block = term.matrix.slice(s![net.layer_range(*p), net.layer_range(*q)]);
            let (rows, columns) = block.dim();
            let mut doubled = Array2::zeros((rows + columns, rows + columns));
            doubled.slice_mut(s![..rows, rows..]).assign(&block);
            doubled.slice_mut(s![rows.., ..rows]).assign(&block.t());
            let expected = eigvalsh(&doubled).unwrap().norm();
            let tolerance = (rows + columns) as f64 * f64::EPSILON * expected;
            assert!((spectral - expected).abs() <= tolerance, "{} {p} {q}: {spectral} {expected}", term.term);
        }
    }
    let small = Network::random(&[2, 2], true, Activation::Tanh, 5).unwrap();
    assert!(matches!(block_norm_table(&small, &[&terms[0]]), Err(Error::ShapeMismatch { .. })));
    assert!(block_norm_table(&net, &[]).is_err());
}

#[test]
fn densities_count_every_value_once_and_integrate_to_one() {
    let values: Array1<f64> = (0..1000).map(|i| f64::from(i * i).sin().powi(3)).collect();
    let table = density_table(&values, 37).unwrap();
    assert_eq!(integers(&table, "count").iter().sum::<i64>(), 1000);
    let (from, to, density) = (floats(&table, "from"), floats(&table, "to"), floats(&table, "density"));
    let integral: f64 = (0..37).map(|k| (to[k] - from[k]) * density[k]).sum();
    assert!((integral - 1.0).abs() < 37.0 * f64::EPSILON, "{integral}");
    assert_eq!(density_table(&array![2.0, 2.0], 5).unwrap().height(), 1);
    assert!(density_table(&array![], 5).is_err());
    assert!(density_table(&array![1.0], 0).is_err());
    assert!(density_table(&array![1.0, f64::NAN], 5).is_err());
}

#[test]
fn pooling_keeps_every_large_entry() {
    let mut matrix = Array2::<f64>::zeros((103, 103));
    for (i, j) in [(0, 0), (57, 99), (102, 102), (102, 3)] {
        matrix[[i, j]] = -(1.0 + i as f64 + j as f64);
    }
    let table = magnitude_table(&matrix, 20).unwrap();
    assert!(integers(&table, "factor").iter().all(|&f| f == 6));
    let cells = integers(&table, "row").into_iter().zip(integers(&table, "column"));
    let nonzero: Vec<_> = cells.zip(floats(&table, "magnitude")).filter(|(_, v)| *v != 0.0).collect();
    assert_eq!(nonzero, [((0, 0), 1.0), ((54, 96), 157.0), ((102, 0), 106.0), ((102, 102), 205.0)]);
    assert_eq!(magnitude_table(&matrix, 103).unwrap().height(), 103 * 103);
    assert!(magnitude_table(&matrix, 0).is_err());
}
