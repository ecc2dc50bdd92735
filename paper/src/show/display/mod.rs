//! The paper's results as a notebook shows them.

mod planes;
mod runs;
mod theory;
