//! The map of the house (docs/design.md) against the sources: what a room may know, it knows, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms in the order of a table of the map, with what each may know.
type Rooms = Vec<(String, Vec<String>)>;

/// The tables of the map: hessia's and hessia-paper's.
fn tables(map: &str) -> Vec<Rooms> {
    let mut tables: Vec<Rooms> = Vec::new();
    let mut open = false;
    for line in map.lines() {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [room, _, knows] = cells[..] else {
            open = false;
            continue;
        };
        let Some(room) = room.strip_prefix('`').and_then(|room| room.strip_suffix('`')) else { continue };
        if !open {
            tables.push(Rooms::new());
            open = true;
        }
        let table = tables.last_mut().unwrap();
        let knows = match knows {
            "all above" => table.iter().map(|(room, _)| room.clone()).collect(),
            _ => knows.split(',').map(|room| room.trim().trim_matches('`').to_string()).collect(),
        };
        table.push((room.to_string(), knows));
    }
    tables
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false if path.extension().is_some_and(|extension| extension == "rs") => found.push(path),
            false => {}
        }
    }
}

/// The code of a file without its comments and its tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// Every name that stands after `crate::` in a file, braces opened: `crate::{a::b, c}` gives `a` and `c`.
fn names(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let Some(inner) = rest.strip_prefix('{') else {
            names.push(word(rest));
            continue;
        };
        let (mut depth, mut item) = (0, String::new());
        for c in inner.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => names.push(word(std::mem::take(&mut item).trim())),
                _ => {}
            }
            if depth == 0 && c != ',' {
                item.push(c);
            }
        }
        names.push(word(item.trim()));
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The room behind every name that lib.rs gives out at the root of the package.
fn re_exports(lib: &str) -> BTreeMap<String, String> {
    let mut rooms = BTreeMap::new();
    for line in lib.split(';').filter_map(|part| part.split("pub use ").nth(1)) {
        let Some((room, names)) = line.split_once("::") else { continue };
        for name in names.trim_matches(['{', '}', '\n', ' ']).split(',') {
            rooms.insert(name.trim().trim_matches(['{', '}']).to_string(), room.to_string());
        }
    }
    rooms
}

/// What the files of `source` take from rooms that theirs may not know.
fn trespasses(source: &Path, rooms: &Rooms) -> Vec<String> {
    let exports = re_exports(&code(&source.join("lib.rs")));
    let mut files = Vec::new();
    sources(source, &mut files);
    let mut found = Vec::new();
    for file in files {
        let inside = file.strip_prefix(source).unwrap();
        let room = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_string();
        if ["lib", "prelude"].contains(&room.as_str()) {
            continue;
        }
        let Some((_, knows)) = rooms.iter().find(|(name, _)| *name == room) else {
            found.push(format!("{} is in no room of the map", file.display()));
            continue;
        };
        for name in names(&code(&file)) {
            let taken = exports.get(&name).unwrap_or(&name);
            if *taken != room && rooms.iter().any(|(name, _)| name == taken) && !knows.contains(taken) {
                found.push(format!("{} takes {name} from {taken}", file.display()));
            }
        }
    }
    found
}

fn map() -> Vec<Rooms> {
    tables(&fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/design.md")).unwrap())
}

#[test]
fn rooms_know_only_what_the_map_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tables = map();
    assert_eq!(tables.len(), 2);
    for (source, rooms) in ["src", "paper/src"].iter().zip(&tables) {
        assert_eq!(trespasses(&root.join(source), rooms), Vec::<String>::new());
    }
}

/// So there is no circle: whatever a room knows stands above it.
#[test]
fn arrows_of_the_map_point_up() {
    for rooms in map() {
        for (at, (room, knows)) in rooms.iter().enumerate() {
            for known in knows.iter().filter(|known| !known.is_empty()) {
                assert!(rooms[..at].iter().any(|(above, _)| above == known), "{room} knows {known}");
            }
        }
    }
}

/// A room that reaches where it may not is found: by path, in braces and by a name of the root.
#[test]
fn a_trespass_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lib.rs"), "pub use upper::{Thing, other};\npub mod upper;\npub mod lower;")
        .unwrap();
    fs::write(folder.path().join("upper.rs"), "pub struct Thing;").unwrap();
    let rooms = vec![("lower".to_string(), Vec::new()), ("upper".to_string(), vec!["lower".to_string()])];
    for (source, trespass) in [
        ("use crate::upper::Thing;", true),
        ("use crate::{Thing};", true),
        ("use crate::{lower::{a, b}, upper::{c}};", true),
        ("fn f() -> crate::Thing { crate::other() }", true),
        ("// crate::upper\nuse crate::lower::x;", false),
        ("#[cfg(test)]\nmod tests { use crate::upper::Thing; }", false),
    ] {
        fs::write(folder.path().join("lower.rs"), source).unwrap();
        assert_eq!(!trespasses(folder.path(), &rooms).is_empty(), trespass, "{source}");
    }
}
