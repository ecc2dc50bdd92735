pub use hessia::*;
