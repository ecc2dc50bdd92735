//! hessia as a dynamic library: notebook cells load it once, so that its thread pool and other statics exist once.

pub use library::*;

/// The paper: its bounds, its experiment, its data sets.
pub use paper;

/// Runs whenever the library is loaded, so also after the process that runs the cells has been restarted.
#[used]
#[unsafe(link_section = ".init_array")]
static START: extern "C" fn() = {
    extern "C" fn start() {
        library::notebook::start();
    }
    start
};
