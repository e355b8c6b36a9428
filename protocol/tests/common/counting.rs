//! An allocator that counts, for each thread on its own, since tests run side by side.

#![expect(unsafe_code, reason = "only an allocator sees every allocation")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

/// Counts the bytes that are held, and the most that ever were. `realloc` is left as the trait has it: the new block is
/// there before the old one goes, which is the worst that a system may do.
pub(crate) struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn add(bytes: usize) {
    let held = HELD.get().saturating_add_unsigned(bytes);
    HELD.set(held);
    PEAK.set(PEAK.get().max(held));
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller's promises are the system's demands.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get().saturating_sub_unsigned(layout.size()));
        // SAFETY: the caller's promises are the system's demands.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// What `work` gives, the most bytes that were held during it, and the bytes that are still held: all beyond what was
/// held before.
pub(crate) fn counted<T>(work: impl FnOnce() -> T) -> (T, usize, usize) {
    let before = HELD.get();
    PEAK.set(before);
    let result = work();
    let beyond = |bytes: isize| usize::try_from(bytes.saturating_sub(before)).unwrap_or(0);
    (result, beyond(PEAK.get()), beyond(HELD.get()))
}
