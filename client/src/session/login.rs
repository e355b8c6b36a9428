//! The handshake: who is the server, who are we, and in which log.
//!
//! The server proves itself first. Only when its key is the pinned one, or there is none yet, and its signature fits
//! this caller and this moment, does the device sign anything.

use tertulia_protocol::{Nonce, PublicKey, handshake, limits, reply, request};

use super::{Action, Change, Event, LOGIN_MAX, Nonsense, Now, Phase, Session, State, StopCode, Why, identity};

/// What the signatures are bound to besides the frames: nothing on plain TCP.
const NO_CHANNEL: &[u8] = &[];

impl Session {
    pub(super) fn greet(&mut self, now: Now) {
        let nonce = Nonce(self.random.bytes());
        self.state = State::Greeting { nonce, until: now.mono + LOGIN_MAX };
        let hello = request::Hello {
            versions: limits::VERSIONS.to_vec(),
            device_key: self.config.device.public(),
            nonce,
            agent: Some(self.config.agent.clone()),
            locale: self.config.locale.clone(),
        };
        self.transmit(now, &hello);
    }

    pub(super) fn challenged(&mut self, now: Now, challenge: &reply::Challenge) {
        let State::Greeting { nonce, until } = self.state else {
            return self.lose(now, Why::Protocol(Nonsense::OutOfOrder));
        };
        if !limits::VERSIONS.contains(&challenge.version) {
            return self.lose(now, Why::Protocol(Nonsense::OutOfOrder));
        }
        let server_key = challenge.server_key;
        if let Some(pinned) = self.config.pinned
            && pinned != server_key
        {
            // Before the signature: whoever answers here now, it is not the server that we know.
            return self.stop(now, StopCode::ServerKeyChanged, vec![pinned.to_string(), server_key.to_string()]);
        }
        let device_key = self.config.device.public();
        let signed = handshake::server_bytes(challenge.version, &nonce, &challenge.nonce, &device_key, NO_CHANNEL);
        if !identity::is_signed_by(&server_key, &signed, &challenge.signature) {
            return self.stop(now, StopCode::ServerKeyUnproved, vec![server_key.to_string()]);
        }
        self.pin(server_key);
        let _ = self.restore_from(server_key);
        let name = self.config.name.clone();
        let signed = handshake::login_bytes(&server_key, &challenge.nonce, NO_CHANNEL, name.as_deref());
        let Some(signature) = self.config.device.sign(&signed) else {
            return self.stop(now, StopCode::DeviceKeyUnusable, Vec::new());
        };
        self.state = State::Proving { server_key, until };
        self.transmit(now, &request::Prove { signature, name });
    }

    fn pin(&mut self, key: PublicKey) {
        if self.config.pinned.is_none() {
            self.config.pinned = Some(key);
            self.actions.push_back(Action::Pin(key));
        }
    }

    pub(super) fn welcomed(&mut self, now: Now, welcome: reply::Welcome) {
        let State::Proving { server_key, .. } = self.state else {
            return self.lose(now, Why::Protocol(Nonsense::OutOfOrder));
        };
        let reply::Welcome { user, device, name, position, lineage, .. } = welcome;
        self.me = Some(user);
        self.keep(Change::Me { user, name: name.clone() });
        self.tell(Event::LoggedIn { user, device, name, server_key, encrypted: false });
        self.state = State::Ready { since: now.mono, phase: Phase::Cutting };
        if self.away {
            self.transmit(now, &request::Away { away: true });
        }
        self.enter_log(now, lineage, position);
        self.pump(now);
    }
}
