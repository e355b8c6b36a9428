//! Every cap of the server, each with its unit and its reason, each a key under `[limits]`.

/// What the server allows. Loopback has no exemption: benches and tests set what they need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once. Kernel memory per socket (about 5 KB an end) is what they cost most.
    pub connections: usize,
    /// Connections at once from one address: one computer must not take all places. A terminal server needs more.
    pub connections_per_address: usize,
    /// Milliseconds from accept to login: a stranger must not hold a place.
    pub handshake_ms: u64,
    /// Milliseconds for a frame that has begun to end.
    pub partial_frame_ms: u64,
    /// Milliseconds for a closing connection to take what is queued for it.
    pub drain_ms: u64,
    /// Bytes read from one connection in one turn: a fast writer must not starve the others.
    pub receive_bytes_per_turn: usize,
    /// Connections accepted in one turn: a storm must not starve those who talk.
    pub accepts_per_turn: usize,
    /// Bytes that may wait for one connection: what a slow reader costs at most.
    pub send_queue_bytes: usize,
    /// Drafts on their way into the log at once.
    pub drafts_in_flight: usize,
    /// Bytes of drafts on their way into the log at once.
    pub draft_bytes_in_flight: usize,
    /// Pages being fetched from the log at once, for all connections together.
    pub fetches_in_flight: usize,
    /// Bytes of one room told in one turn, so that a receiver's buffer stays small.
    pub room_bytes_per_turn: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            connections_per_address: 1_000,
            handshake_ms: 10_000,
            partial_frame_ms: 10_000,
            drain_ms: 5_000,
            receive_bytes_per_turn: 64 * 1024,
            accepts_per_turn: 256,
            send_queue_bytes: 1024 * 1024,
            drafts_in_flight: 4_096,
            draft_bytes_in_flight: 4 * 1024 * 1024,
            fetches_in_flight: 256,
            room_bytes_per_turn: 64 * 1024,
        }
    }
}
