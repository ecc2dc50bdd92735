//! Plain values, as their text. Without these a cell that ends in a number is compiled twice: the kernel tries to show
//! it, finds no way, and falls back on `Debug`.

use std::fmt::Debug;

use super::{Show, View};

macro_rules! show_debug {
    ($($type:ty),*) => {$(
        impl Show for $type {
            fn to_view(&self) -> View {
                View::Text(format!("{self:?}"))
            }
        }
    )*};
}

show_debug!(bool, char, f32, f64, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);
show_debug!(str, String, std::time::Duration, std::path::PathBuf);
show_debug!(crate::Activation, crate::Inertia, crate::Reduction, crate::LossKind, crate::Loss, crate::Term);
show_debug!(crate::ParameterRange, crate::Route);

impl<T: Debug> Show for [T] {
    fn to_view(&self) -> View {
        View::Text(format!("{self:?}"))
    }
}

impl<T: Debug, const N: usize> Show for [T; N] {
    fn to_view(&self) -> View {
        View::Text(format!("{self:?}"))
    }
}

impl<T: Debug> Show for Vec<T> {
    fn to_view(&self) -> View {
        View::Text(format!("{self:?}"))
    }
}

impl<T: Debug> Show for Option<T> {
    fn to_view(&self) -> View {
        View::Text(format!("{self:?}"))
    }
}

impl<A: Debug, B: Debug> Show for (A, B) {
    fn to_view(&self) -> View {
        View::Text(format!("{self:?}"))
    }
}

impl<A: Debug, B: Debug, C: Debug> Show for (A, B, C) {
    fn to_view(&self) -> View {
        View::Text(format!("{self:?}"))
    }
}
