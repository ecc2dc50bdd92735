//! How a damaged file is refused.

use hessia::Error;

/// The message and the offset of a refusal.
fn refusal<T: std::fmt::Debug>(result: hessia::Result<T>) -> (String, Option<u64>) {
    let error = result.unwrap_err();
    let offset = if let Error::Format { offset, .. } = &error { *offset } else { None };
    (error.to_string(), offset)
}

pub fn assert_refused<T: std::fmt::Debug>(result: hessia::Result<T>, words: &[&str], offset: Option<u64>) {
    let (message, place) = refusal(result);
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
    assert_eq!(place, offset, "{message}");
}
