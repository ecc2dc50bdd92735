//! Every fault planted in the Hessians of random nets is named first; right Hessians raise none.

mod data_faults;
mod faults;
mod plant;
mod right;
mod table;
