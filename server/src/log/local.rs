//! The log of the one box.
