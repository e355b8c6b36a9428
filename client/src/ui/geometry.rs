//! Where the parts of the window stand.
//!
//! Owns the arithmetic of the layout. Pure: sizes in, rectangles out.

use super::paint::Rect;

/// The width of the rooms.
const ROOMS: i32 = 208;
/// The width of the people.
const PEOPLE: i32 = 216;
/// The height of the line above the conversation.
const HEADER: i32 = 56;
/// The height of the line below it.
const STATUS: i32 = 30;
/// Narrower conversations are hard to read: the columns give way first.
const CONVERSATION_MIN: i32 = 380;

/// The smallest window that makes sense.
pub const WINDOW_MIN: (i32, i32) = (380, 360);

/// Where everything stands; a column that has no room has no width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The rooms.
    pub rooms: Rect,
    /// The line above the conversation.
    pub header: Rect,
    /// The conversation.
    pub list: Rect,
    /// The composer.
    pub composer: Rect,
    /// The line below.
    pub status: Rect,
    /// The people.
    pub people: Rect,
}

/// Whether a window of this width has room for the rooms beside the conversation.
#[must_use]
pub fn rooms_fit(w: i32) -> bool {
    w - ROOMS >= CONVERSATION_MIN
}

/// Whether it has room for the people as well. They give way first: who is where matters more than who is here.
#[must_use]
pub fn people_fit(w: i32) -> bool {
    w - ROOMS - PEOPLE >= CONVERSATION_MIN
}

/// Divides a window.
#[must_use]
pub fn divide(w: i32, h: i32, people_shown: bool, composer: i32) -> Places {
    let people = if people_shown && people_fit(w) { PEOPLE } else { 0 };
    let rooms = if rooms_fit(w) { ROOMS } else { 0 };
    let middle = w - rooms - people;
    let composer = composer.min(h - HEADER - STATUS - 60).max(0);
    Places {
        rooms: Rect::new(0, 0, rooms, h),
        header: Rect::new(rooms, 0, middle, HEADER),
        list: Rect::new(rooms, HEADER, middle, h - HEADER - composer - STATUS),
        composer: Rect::new(rooms, h - STATUS - composer, middle, composer),
        status: Rect::new(rooms, h - STATUS, middle, STATUS),
        people: Rect::new(w - people, 0, people, h),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_fill_the_window_at_every_size() {
        for (w, h) in [(380, 360), (600, 400), (800, 600), (1_280, 800), (3_840, 2_160)] {
            for shown in [true, false] {
                let places = divide(w, h, shown, 64);
                let area = |rect: Rect| rect.w * rect.h;
                let parts = [places.rooms, places.header, places.list, places.composer, places.status, places.people];
                assert_eq!(parts.into_iter().map(area).sum::<i32>(), w * h);
                assert!(places.list.w >= 380 && places.list.h >= 60, "{w}x{h}: {places:?}");
            }
        }
    }

    #[test]
    fn people_give_way_before_the_rooms() {
        let columns = |w, shown| (divide(w, 600, shown, 64).rooms.w, divide(w, 600, shown, 64).people.w);
        assert_eq!((columns(1_000, true), columns(1_000, false)), ((ROOMS, PEOPLE), (ROOMS, 0)));
        assert_eq!((columns(803, true), columns(588, true), columns(587, true)), ((ROOMS, 0), (ROOMS, 0), (0, 0)));
    }
}
