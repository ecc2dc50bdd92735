//! Places that files come from, and their names without secrets.

use std::path::PathBuf;

/// Where a file can be.
#[derive(Clone)]
pub enum Location {
    /// Under an address.
    Address(String),
    /// In a folder of this machine.
    Folder(PathBuf),
}

impl Location {
    /// With one more name behind it.
    pub fn join(&self, name: &str) -> Location {
        match self {
            Location::Address(address) => {
                // A query, such as a token, belongs to the whole and not to the folder.
                let (path, query) = address.split_at(address.find(['?', '#']).unwrap_or(address.len()));
                Location::Address(format!("{}/{name}{query}", path.trim_end_matches('/')))
            }
            Location::Folder(folder) => Location::Folder(folder.join(name)),
        }
    }

    /// Why it has not got a file, without its secrets and those of addresses that it led to.
    pub fn explain(&self, reason: &str) -> String {
        let reason = match self {
            Location::Address(address) => reason.replace(address.as_str(), &shown(address)),
            Location::Folder(_) => reason.to_string(),
        };
        format!("{self}: {}", redacted(&reason))
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Location::Address(address) => f.write_str(&shown(address)),
            Location::Folder(path) => write!(f, "{}", path.display()),
        }
    }
}

/// An address without its secrets, however little it is one.
pub fn shown(address: &str) -> String {
    match address.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", without_secrets(rest)),
        None => without_secrets(address),
    }
}

/// A text without the secrets of the addresses in it: users, passwords and queries become `***`.
///
/// What is cut is rather too much than too little: up to the last `@` of an address, and all behind the first `?` or
/// `#`.
fn redacted(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, address) = rest.split_at(at + "://".len());
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`');
        let (address, after) = address.split_at(address.find(ends).unwrap_or(address.len()));
        shown += before;
        shown += &without_secrets(address);
        rest = after;
    }
    shown + rest
}

/// An address without its scheme.
fn without_secrets(address: &str) -> String {
    let (user, place) = match address.rsplit_once('@') {
        Some((_, place)) => ("***@", place),
        None => ("", address),
    };
    match place.find(['?', '#']) {
        Some(at) => format!("{user}{}{}***", &place[..at], &place[at..=at]),
        None => format!("{user}{place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Location, redacted, shown};

    #[test]
    fn secrets_are_cut_and_places_stay() {
        for (text, shown) in [
            ("https://a.b/c/d.gz", "https://a.b/c/d.gz"),
            ("https://me:secret@a.b:80/c", "https://***@a.b:80/c"),
            ("https://me:sec@ret/x@a.b/c", "https://***@a.b/c"),
            ("https://a.b/c?token=secret&x=1#y", "https://a.b/c?***"),
            ("https://a.b/c#secret", "https://a.b/c#***"),
            ("https://me:sec?ret@a.b/c", "https://***@a.b/c"),
            (
                "bad uri \"http://u:secret@h/?k=secret\" and http://h",
                "bad uri \"http://***@h/?***\" and http://h",
            ),
            ("no address@all?", "no address@all?"),
            ("://", "://"),
        ] {
            assert_eq!(redacted(text), shown);
            assert!(!redacted(text).contains("secret"));
        }
    }

    #[test]
    fn an_address_is_one_as_a_whole() {
        assert_eq!(shown("http://me:sec ret@h/a?b c"), "http://***@h/a?***");
        assert_eq!(shown("me:secret@h/a"), "***@h/a");
        assert_eq!(shown("/srv/data"), "/srv/data");
    }

    #[test]
    fn names_go_behind_the_path() {
        let place = |address: &str| match Location::Address(address.to_string()).join("set").join("f") {
            Location::Address(address) => address,
            Location::Folder(_) => String::new(),
        };
        assert_eq!(place("http://h/a/"), "http://h/a/set/f");
        assert_eq!(place("http://h/a?key=1"), "http://h/a/set/f?key=1");
    }
}
