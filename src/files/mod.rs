//! Files that appear whole or not at all, and arrays in them: `.npy`, `.npz`.

mod arrays;
mod atomic;
#[cfg(feature = "model-io")]
mod content;
mod floats;
mod lock;
mod npy;
#[cfg(feature = "model-io")]
mod npz;
mod regular;

pub use arrays::{as_inputs, read_inputs, read_targets, write_npy};
pub use atomic::{
    UnfinishedFolder, remove_leftovers, remove_unfinished, rename_whole, unfinished_folder, write_atomically,
};
#[cfg(feature = "model-io")]
pub use content::Content;
pub use floats::{Float, half};
pub use lock::lock;
pub use npy::{Header, NpyArray, NpyValues, Place, read_npy};
#[cfg(feature = "model-io")]
pub use npz::NpzWriter;
pub use regular::{LARGEST_RATIO, LARGEST_UNPACKED, format_at, hex, is_damage, open_regular};
