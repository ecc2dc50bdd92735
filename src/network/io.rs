//! Networks as `.npz` files of arrays in state-dict names.
