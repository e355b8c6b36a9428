//! Words in the language of the person.
