//! Why a command ends, and with which exit code.

use std::fmt;

use hessia::Error;

/// An error with the exit code that it ends the program with.
#[derive(Debug)]
pub struct Failure {
    error: Error,
    code: u8,
}

const FAILED: u8 = 1;
const BAD_INPUT: u8 = 2;
const INTERRUPTED: u8 = 130;

impl Failure {
    /// Something that the caller can mend: an argument or a file that was given.
    pub fn input(error: Error) -> Self {
        Failure { error, code: BAD_INPUT }
    }

    pub fn code(&self) -> u8 {
        self.code
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match &error {
            Error::ShapeMismatch { .. }
            | Error::LabelOutOfRange { .. }
            | Error::NonFinite { .. }
            | Error::InvalidArgument { .. }
            | Error::Format { .. }
            | Error::OutOfMemory { .. } => BAD_INPUT,
            Error::Interrupted { .. } => INTERRUPTED,
            _ => FAILED,
        };
        Failure { error, code }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}
