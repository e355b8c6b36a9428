//! Sizes, counts and times that both sides must agree on. What only one side decides stands in that side's own limits.

/// The protocol versions that this crate speaks, best first.
pub const VERSIONS: [u16; 1] = [1];

/// The port that a server listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 7667;

/// The largest frame length (type and payload, in bytes) before a login: enough for every handshake frame, too little
/// to fill memory with for who has no name here.
pub const FRAME_BYTES_MAX_BEFORE_LOGIN: usize = 4 * 1024;

/// The largest frame length (type and payload, in bytes) after a login, in both directions.
pub const FRAME_BYTES_MAX: usize = 256 * 1024;

/// How deep arrays and maps may lie in each other. Version 1 needs five levels; the rest is for later fields, which
/// must be skipped by those who do not know them.
pub const NESTING_MAX: usize = 16;

/// What a decoded frame may occupy in memory, as a multiple of its bytes on the wire, at every moment of decoding. The
/// worst case is a list of empty texts: one byte each on the wire, 24 in memory, in a vector that has just doubled and
/// has the old half beside it. Only the server sends such lists; for what clients send the factor is 24.
pub const DECODED_BYTES_PER_FRAME_BYTE: usize = 72;

/// The longest text of a message, in bytes of UTF-8, after trimming final newlines. The shortest is one byte.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;

/// The largest body of an entry, in bytes: a text at its limit and the CBOR around it, with room for later fields.
pub const BODY_BYTES_MAX: usize = 32 * 1024;

/// The most users that one entry may mention.
pub const MENTIONS_MAX: usize = 50;

/// The longest name of a person, in characters.
pub const NAME_CHARS_MAX: usize = 32;

/// The longest name of a person, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 64;

/// The most entries that one page carries.
pub const PAGE_ENTRIES_MAX: u64 = 200;

/// Where a page stops growing, and an answer to a search: what its entries weigh together, those said later included, in
/// bytes. An entry weighs its body and [`MENTION_WEIGHT`] for each mention. One entry always fits. This is what keeps a
/// page within a frame, for the rest of an entry has at most 89 bytes.
pub const PAGE_BODY_BYTES_MAX: usize = 144 * 1024;

/// What a mention weighs in a page: the most bytes that it takes in a frame.
pub const MENTION_WEIGHT: usize = 9;

/// The most entries that one page carries as said later about its own. One entry of the range always fits, and what was
/// said about it is cut then.
pub const PAGE_LATER_MAX: usize = 1_000;

/// The most rows (rooms, people, rooms gone, ranges erased) that one `Synced` carries altogether; and the most of one
/// answer to `Browse` or `Members`, and of one `Rooms` or `Users`.
pub const ROWS_MAX: usize = 500;

/// The longest `next` of a `Synced`, in bytes.
pub const NEXT_BYTES_MAX: usize = 64;

/// The most messages that one answer to `Search` carries. With long texts [`PAGE_BODY_BYTES_MAX`] ends it sooner.
pub const HITS_MAX: usize = 50;

/// The longest words of a search, in bytes of UTF-8.
pub const SEARCH_BYTES_MAX: usize = 256;

/// The longest topic of a room, in bytes of UTF-8. It has no control characters.
pub const TOPIC_BYTES_MAX: usize = 256;

/// The longest reaction, in bytes of UTF-8: the longest emoji have 35.
pub const EMOJI_BYTES_MAX: usize = 64;

/// The most mentions of a person that are counted in a room.
pub const MENTIONS_COUNTED_MAX: usize = 999;

/// For how long a person counts as writing after the last signal, in milliseconds.
pub const TYPING_MS: u64 = 6_000;

/// The largest room, in members, in which it is told who is writing.
pub const TYPING_MEMBERS_MAX: usize = 500;

/// The most people online whom presence lists one by one; above that it only counts them.
pub const PRESENCE_LISTED_MAX: usize = 500;

/// The most requests of one connection that may wait for their answers; beyond that the server leaves its frames unread.
pub const UNANSWERED_REQUESTS_MAX: usize = 64;

/// After how many milliseconds without sending anything a side sends a heartbeat.
pub const HEARTBEAT_AFTER_MS: u64 = 20_000;

/// After how many milliseconds without receiving anything a side takes its peer for dead.
pub const DEAD_AFTER_MS: u64 = 55_000;
