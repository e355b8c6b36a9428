//! Every cap of the server, each with its unit and its reason, each a key under `[limits]` in the configuration.
//!
//! A limit is a whole number and its name ends in what it counts: `_ms` are milliseconds, `_bytes` are bytes, all else
//! are things, and `_per_second` or `_per_hour` says how many of them may come in that time. So a value has one spelling (TOML allows `10_000` for the eyes), and needs no units of its own.
//!
//! To add one, add it below: the field, its default, its key, its range, its description in `--print-config` and the
//! error about a value out of range all come from the same lines.

/// Writes the struct, its defaults and [`KEYS`] from one list, so that none of them can be forgotten.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $default:expr, $min:expr, $max:expr;)+) => {
        /// What the server allows. Loopback has no exemption: benches and tests set what they need.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $name: $type,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        /// The keys under `[limits]`, in the order in which they are shown.
        pub const KEYS: &[LimitKey] = &[$(LimitKey {
            name: stringify!($name),
            doc: concat!($($doc, "\n",)+),
            min: $min,
            max: $max,
            get: |limits| limits.$name as u64,
            set: |limits, value| limits.$name = <$type>::try_from(value).unwrap_or(limits.$name),
        },)+];
    };
}

/// One limit as a configuration key.
#[derive(Clone, Copy, Debug)]
pub struct LimitKey {
    /// What it is called.
    pub name: &'static str,
    /// What it is for: lines, each ended by a newline.
    pub doc: &'static str,
    /// The least value that makes sense.
    pub min: u64,
    /// The greatest value that makes sense.
    pub max: u64,
    get: fn(&Limits) -> u64,
    set: fn(&mut Limits, u64),
}

impl LimitKey {
    /// Its value.
    #[must_use]
    pub fn get(&self, limits: &Limits) -> u64 {
        (self.get)(limits)
    }

    /// Sets it.
    ///
    /// # Errors
    /// The value is out of the range, or this computer cannot count so far; what it is stays.
    pub fn set(&self, limits: &mut Limits, value: u64) -> Result<(), OutOfRange> {
        if !(self.min..=self.max).contains(&value) {
            return Err(OutOfRange { min: self.min, max: self.max });
        }
        (self.set)(limits, value);
        if self.get(limits) == value { Ok(()) } else { Err(OutOfRange { min: self.min, max: self.get(limits) }) }
    }
}

/// A value that makes no sense for a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange {
    /// The least allowed.
    pub min: u64,
    /// The greatest allowed.
    pub max: u64,
}

impl std::fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a whole number from {} to {}", self.min, self.max)
    }
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const SECOND: u64 = 1_000;

// name: type = default, least, greatest
limits! {
    /// Connections at once. Kernel memory per socket (about 5 KB an end) is what they cost most.
    connections: usize = 20_000, 1, 1_000_000;
    /// Connections at once from one address: one computer must not take all places. A terminal server needs more.
    connections_per_address: usize = 1_000, 1, 1_000_000;
    /// New names from one address in an hour, renames too, all of which may come at once: a name is for ever, and a
    /// script must not take them all. A terminal server, or a network behind one address, has some hundreds of people on
    /// its first day.
    names_per_address_per_hour: u64 = 1_000, 1, 1_000_000;
    /// Milliseconds from accept to login: who is not logged in must not hold one for long.
    handshake_ms: u64 = 10_000, 100, 600 * SECOND;
    /// Milliseconds for a frame that has begun to end.
    partial_frame_ms: u64 = 10_000, 100, 600 * SECOND;
    /// Bytes that large frames which have begun to come may have, all together, as they claim. Beyond it the next waits
    /// until one has come or is late; frames of up to 4 KiB do not wait. A few hundred half frames took 70 MB.
    partial_frames_bytes: usize = 16 * 1024 * 1024, MIB, 1024 * MIB;
    /// Milliseconds for a closing connection to take what is queued for it.
    drain_ms: u64 = 5_000, 0, 60 * SECOND;
    /// Bytes read from one connection in one turn: a fast writer must not starve the others.
    receive_bytes_per_turn: usize = 64 * 1024, 4 * KIB, 16 * MIB;
    /// Frames read from one connection in a second, on the average. A person sends a few, a program that writes as fast
    /// as it is answered some hundreds on a small box. Beyond it nothing is refused: the connection is read later.
    frames_per_second: u64 = 1_000, 1, 10_000_000;
    /// Bytes read from one connection in a second, on the average: so that no single computer fills the disk in an hour.
    bytes_per_second: u64 = 4 * MIB, 4 * KIB, 1024 * MIB;
    /// Milliseconds' worth of these two that who was quiet may send at once: an outbox of a thousand messages after a
    /// night without network, the pages of a long history.
    burst_ms: u64 = 10 * SECOND, 100, 600 * SECOND;
    /// Bytes of answers made in one turn before the next connection is read: when a thousand come back at once, their
    /// answers must not all be in memory at once.
    answer_bytes_per_turn: usize = 64 * 1024, KIB, 1024 * MIB;
    /// Connections accepted in one turn: a storm must not starve those who talk.
    accepts_per_turn: usize = 256, 1, 100_000;
    /// Bytes that may wait for one connection: what a slow reader costs at most. The least leaves room for the
    /// largest frame and for what a room says in one turn.
    send_queue_bytes: usize = 1024 * 1024, 512 * KIB, 1024 * MIB;
    /// Bytes that may wait for all connections together, what they share counted once. From half of it on, whoever has
    /// something waiting may not ask for more; beyond it the largest queues go, as slow readers. A small box has 512 MB.
    send_queues_bytes: usize = 64 * 1024 * 1024, 4 * MIB, 1024 * 1024 * MIB;
    /// Drafts on their way into the log at once.
    drafts_in_flight: usize = 4_096, 1, 1_000_000;
    /// Bytes of drafts on their way into the log at once.
    draft_bytes_in_flight: usize = 4 * 1024 * 1024, 64 * KIB, 1024 * MIB;
    /// Questions to the log at once, for all connections together: pages, and writes looked up before they are refused.
    fetches_in_flight: usize = 256, 1, 100_000;
    /// Bytes of one room told in one turn, so that a receiver's buffer stays small. One entry always fits.
    room_bytes_per_turn: usize = 64 * 1024, KIB, 256 * KIB;
    /// Lines that may wait to be written to `logs.json`. What comes while it is full is counted, and the count written.
    activity_queue_lines: usize = 8_192, 1, 1_000_000;
    /// Bytes of text that may wait to be written to `logs.json`: a thousand of the longest messages at once, and no more,
    /// for a slow disk must not fill the memory.
    activity_queue_bytes: usize = 16 * 1024 * 1024, 64 * KIB, 1024 * MIB;
    /// Bytes after which `logs.json` becomes `logs.json.1`, that one `logs.json.2`, and so on to `.5`, which goes.
    activity_file_bytes: u64 = 16 * MIB, 4 * KIB, 1024 * 1024 * MIB;
    /// Bytes of room on the disk that are kept for a full one, in the file `ballast`: so that deletions still fit. Taken at
    /// the start.
    ballast_bytes: u64 = 64 * MIB, 0, 1024 * 1024 * MIB;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_in_its_range() {
        let mut limits = Limits::default();
        for key in KEYS {
            let value = key.get(&Limits::default());
            assert_eq!(key.set(&mut limits, value), Ok(()), "{}", key.name);
        }
        assert_eq!(limits, Limits::default());
    }

    #[test]
    fn a_key_sets_its_own_field_and_no_other() {
        for key in KEYS {
            let mut limits = Limits::default();
            let value = if key.get(&limits) == key.max { key.min } else { key.max };
            key.set(&mut limits, value).unwrap();
            for other in KEYS {
                let expected = if other.name == key.name { value } else { other.get(&Limits::default()) };
                assert_eq!(other.get(&limits), expected, "{} after {}", other.name, key.name);
            }
        }
    }

    #[test]
    fn what_is_out_of_range_changes_nothing_and_says_the_range() {
        for key in KEYS {
            let mut limits = Limits::default();
            let range = OutOfRange { min: key.min, max: key.max };
            assert_eq!(key.set(&mut limits, key.max + 1), Err(range));
            if let Some(below) = key.min.checked_sub(1) {
                assert_eq!(key.set(&mut limits, below), Err(range));
            }
            assert_eq!(limits, Limits::default());
        }
        assert_eq!(OutOfRange { min: 1, max: 9 }.to_string(), "a whole number from 1 to 9");
    }

    #[test]
    fn every_key_is_described() {
        for key in KEYS {
            assert!(
                key.doc.lines().all(|line| line.starts_with(' ') && line.len() > 10),
                "{}: {:?}",
                key.name,
                key.doc
            );
        }
    }

    /// The protocol's largest frame has to fit beside a turn's worth of a room.
    #[test]
    fn the_least_send_queue_holds_the_largest_frame() {
        let key = |name| KEYS.iter().find(|key| key.name == name).unwrap();
        let frame = tertulia_protocol::limits::FRAME_BYTES_MAX as u64;
        assert!(key("send_queue_bytes").min >= frame + key("room_bytes_per_turn").max);
    }
}
