//! The log of the tests.
