//! Which rows are in sight, and where: scrolling without knowing how high everything is.
//!
//! Owns the position of a list. It is held by a row and the place of its top, never by a distance from the beginning:
//! so nothing that happens above, below or to rows out of sight can move what somebody reads, and only rows in sight
//! are ever measured, whether there are a hundred or a hundred thousand.

/// Where the list stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// At the last row, and staying there when rows are added.
    End,
    /// The top of this row stands at this height below the top of the view (above it if negative).
    At {
        /// The row.
        index: usize,
        /// Its top.
        top: i32,
    },
}

/// A row in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Which row.
    pub index: usize,
    /// Where its top is, below the top of the view.
    pub top: i32,
    /// How high it is.
    pub height: i32,
}

/// Finds the rows in sight, asking for the heights of those only, and the position that this comes to: a position
/// beyond either end is brought back to it.
pub fn place(
    position: Position,
    view: i32,
    rows: usize,
    height: &mut dyn FnMut(usize) -> i32,
) -> (Vec<Placed>, Position) {
    let Some(last) = rows.checked_sub(1) else { return (Vec::new(), Position::End) };
    let Position::At { index, top } = position else { return (from_end(view, last, height), Position::End) };
    let index = index.min(last);

    // Down from the held row, to see whether the end comes too early.
    let mut placed = Vec::new();
    let (mut at, mut y) = (index, top);
    while y < view {
        let high = height(at);
        placed.push(Placed { index: at, top: y, height: high });
        y += high;
        if at == last {
            break;
        }
        at += 1;
    }
    let end_in_sight = placed.last().is_some_and(|row| row.index == last) && y <= view;
    if end_in_sight {
        return (from_end(view, last, height), Position::End);
    }

    // Up from it, to fill the view.
    let mut above = Vec::new();
    let (mut at, mut y) = (index, top);
    while y > 0 && at > 0 {
        at -= 1;
        let high = height(at);
        y -= high;
        above.push(Placed { index: at, top: y, height: high });
    }
    if y > 0 {
        // The beginning stands too low: bring it up. What follows is then measured anew, from a row that exists.
        return if top == 0 && index == 0 {
            (placed, Position::At { index: 0, top: 0 })
        } else {
            place(Position::At { index: 0, top: 0 }, view, rows, height)
        };
    }
    above.reverse();
    above.append(&mut placed);
    above.retain(|row| row.top + row.height > 0 && row.top < view);
    let held = above.first().map_or(Position::End, |row| Position::At { index: row.index, top: row.top });
    (above, held)
}

/// The rows that end at the bottom of the view; few rows stand at the bottom, where the next one comes.
fn from_end(view: i32, last: usize, height: &mut dyn FnMut(usize) -> i32) -> Vec<Placed> {
    let mut placed = Vec::new();
    let (mut at, mut y) = (last + 1, view);
    while y > 0 && at > 0 {
        at -= 1;
        let high = height(at);
        y -= high;
        placed.push(Placed { index: at, top: y, height: high });
    }
    placed.reverse();
    placed
}

/// The position after moving the view down by so much (up if negative), given what is in sight now.
#[must_use]
pub fn scrolled(placed: &[Placed], by: i32) -> Position {
    placed.first().map_or(Position::End, |row| Position::At { index: row.index, top: row.top.saturating_sub(by) })
}

/// What a scroll bar shows: where the view begins and ends, as parts of all rows. `None` if everything is in sight.
#[must_use]
pub fn extent(placed: &[Placed], view: i32, rows: usize) -> Option<(f64, f64)> {
    let (first, last) = (placed.first()?, placed.last()?);
    if first.index == 0 && first.top >= 0 && last.index + 1 == rows && last.top + last.height <= view {
        return None;
    }
    let part = |pixels: i32, row: &Placed| f64::from(pixels.clamp(0, row.height)) / f64::from(row.height.max(1));
    let begin = first.index as f64 + part(-first.top, first);
    let end = last.index as f64 + part(view - last.top, last);
    Some((begin / rows as f64, end / rows as f64))
}

/// The position whose view begins at this part of all rows.
pub fn at_part(part: f64, rows: usize, height: &mut dyn FnMut(usize) -> i32) -> Position {
    let Some(last) = rows.checked_sub(1) else { return Position::End };
    let row = part.clamp(0.0, 1.0) * rows as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the rows above")]
    let index = (row as usize).min(last);
    #[expect(clippy::cast_possible_truncation, reason = "at most the height of a row")]
    let hidden = ((row - index as f64) * f64::from(height(index))) as i32;
    Position::At { index, top: -hidden }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tops(position: Position, rows: usize) -> (Vec<(usize, i32)>, Position) {
        let (placed, position) = place(position, 100, rows, &mut |_| 40);
        (placed.into_iter().map(|row| (row.index, row.top)).collect(), position)
    }

    #[test]
    fn few_rows_stand_at_the_bottom() {
        assert_eq!(tops(Position::End, 2), (vec![(0, 20), (1, 60)], Position::End));
        assert_eq!(tops(Position::At { index: 0, top: 0 }, 2).1, Position::End);
        assert_eq!(tops(Position::End, 0), (vec![], Position::End));
    }

    #[test]
    fn both_ends_hold() {
        assert_eq!(tops(Position::End, 10).0, [(7, -20), (8, 20), (9, 60)]);
        let top = Position::At { index: 0, top: 0 };
        assert_eq!(tops(Position::At { index: 1, top: 500 }, 10), (vec![(0, 0), (1, 40), (2, 80)], top));
        assert_eq!(tops(Position::At { index: 9, top: -500 }, 10).1, Position::End);
        assert_eq!(tops(Position::At { index: 99, top: 0 }, 10).1, Position::End);
    }

    #[test]
    fn a_hundred_thousand_rows_cost_what_is_in_sight() {
        for position in [Position::End, Position::At { index: 50_000, top: -7 }] {
            let mut asked = 0;
            place(position, 700, 100_000, &mut |_| {
                asked += 1;
                20
            });
            assert!(asked < 80, "{asked}");
        }
    }

    #[test]
    fn the_scroll_bar_leads_back_to_where_it_stands() {
        let mut high = |index: usize| 20 + i32::try_from(index % 7).unwrap() * 10;
        let (placed, _) = place(Position::At { index: 321, top: -13 }, 300, 1_000, &mut high);
        let (begin, _) = extent(&placed, 300, 1_000).unwrap();
        let Position::At { index, top } = at_part(begin, 1_000, &mut high) else { panic!("not at the end") };
        assert!(index == 321 && (top + 13).abs() <= 1, "{index} {top}");
        let (placed, _) = place(Position::End, 300, 1_000, &mut high);
        assert_eq!(extent(&placed, 300, 1_000).unwrap().1, 1.0);
    }

    proptest! {
        #[test]
        fn the_view_is_full_and_without_gaps(
            heights in prop::collection::vec(5i32..90, 1..60), index in 0usize..70, top in -300i32..300,
        ) {
            let mut high = |index: usize| heights[index];
            let (placed, held) = place(Position::At { index, top }, 100, heights.len(), &mut high);
            for pair in placed.windows(2) {
                prop_assert_eq!(pair[0].top + pair[0].height, pair[1].top);
                prop_assert_eq!(pair[0].index + 1, pair[1].index);
            }
            let (first, last) = (placed[0], placed[placed.len() - 1]);
            prop_assert!(last.top + last.height >= 100);
            prop_assert!(first.top <= 0 || first.index == 0);
            prop_assert_eq!(place(held, 100, heights.len(), &mut high).0, placed, "placing again moves nothing");
        }
    }
}
