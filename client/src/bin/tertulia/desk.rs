//! Between the window and the world: carries out what the model wishes, and brings back what comes of it.
//!
//! Owns the profile's lock, the network thread, and when a hosted server is started, stopped and asked after. Decides nothing: every choice was
//! made by the model, and every answer goes to it.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::mpsc::{Receiver, Sender, channel},
};

use crate::{desktop, host};
use fltk::app;
use tertulia_client::{
    address::ServerAddress,
    i18n::Language,
    model::{Action, Effect, HostFailure, Refusal, from_session::action_of, question::StopFailure},
    network::{Busy, Network, Options},
    session::Event,
    store::{Profile, ProfileLock},
    ui::Outside,
};

/// The profile of this window, or why it has none.
pub(crate) type Opened = Result<(Profile, ProfileLock), Refusal>;

/// What came of hosting.
enum Hosted {
    Started(Result<(), HostFailure>),
    Stopped(Result<(), StopFailure>),
}

/// See the module's page.
pub(crate) struct Desk {
    profile: Opened,
    language: Language,
    hosted_data: Option<PathBuf>,
    network: Option<Network>,
    events: Vec<Event>,
    actions: VecDeque<Action>,
    /// What the network thread could not take yet.
    waiting: VecDeque<Effect>,
    host_name: String,
    hosted: (Sender<Hosted>, Receiver<Hosted>),
}

impl Desk {
    pub(crate) fn new(profile: Opened, language: Language) -> Self {
        let mut desk = Self {
            profile,
            language,
            hosted_data: desktop::data_home().map(|data| data.join("tertulia").join("hosted-server")),
            network: None,
            events: Vec::new(),
            actions: VecDeque::new(),
            waiting: VecDeque::new(),
            host_name: String::new(),
            hosted: channel(),
        };
        desk.look_for_hosted();
        desk
    }

    fn look_for_hosted(&mut self) {
        self.actions.push_back(Action::Hosting(host::is_running(self.hosted_data.as_deref())));
    }

    fn connect(&mut self, server: ServerAddress, name: String) {
        let (profile, _) = match &self.profile {
            Ok(profile) => profile,
            Err(refusal) => return self.actions.push_back(Action::Refused(refusal.clone())),
        };
        let started = Options::from_profile(profile.clone(), server, Some(name))
            .map_err(|error| error.to_string())
            .and_then(|mut options| {
                options.session.locale = Some(self.language.code().to_owned());
                // A bell, rung once for however many events: the window's thread drains them all.
                Network::start(options, Box::new(app::awake)).map_err(|error| error.to_string())
            });
        match started {
            Ok(network) => self.network = Some(network),
            Err(why) => self.actions.push_back(Action::Refused(Refusal::Profile(why))),
        }
    }

    fn disconnect(&mut self) {
        // What it told last is of no interest; what was not answered is sent again by the model.
        self.network = None;
        self.events.clear();
        self.waiting.clear();
    }

    /// Hands over what waits, in order, until the network thread has no room.
    fn hand_over(&mut self) {
        let Some(network) = &self.network else { return };
        while let Some(effect) = self.waiting.front() {
            if tell(network, effect) == Err(Busy) {
                return;
            }
            self.waiting.pop_front();
        }
    }
}

/// Hands one wish to the network thread.
fn tell(network: &Network, effect: &Effect) -> Result<(), Busy> {
    match effect {
        Effect::Write { cid, write, instead_of: None } => network.write(*cid, write.clone()),
        Effect::Write { cid, write, instead_of: Some(refused) } => network.write_instead(*refused, *cid, write.clone()),
        Effect::Discard(cid) => network.discard(*cid),
        Effect::KeepDraft(room, draft) => network.set_draft(*room, draft.clone()),
        Effect::Open(room) => network.open(*room),
        Effect::Leave(room) => network.close(*room),
        Effect::Show { room, from, to } => network.show(*room, *from, *to),
        Effect::Mark(room, rseq) => network.mark(*room, *rseq),
        Effect::Away(away) => network.set_away(*away),
        Effect::Typing(room) => network.typing(*room),
        Effect::Ask { token, ask } => network.ask(*token, ask.clone()),
        // These are the window's own, or the desk's.
        _ => Ok(()),
    }
}

impl Outside for Desk {
    fn poll(&mut self) -> Option<Action> {
        if self.actions.is_empty() {
            self.hand_over();
            if let Some(network) = &self.network {
                network.drain(&mut self.events);
            }
            let turned = |event: &Event| matches!(event, Event::LoggedIn { .. } | Event::Disconnected { .. });
            let turned = self.events.iter().any(turned);
            self.actions.extend(self.events.drain(..).filter_map(action_of));
            if turned {
                // It may have been started or stopped by another window, or by hand.
                self.look_for_hosted();
            }
            match self.hosted.1.try_recv() {
                Ok(Hosted::Started(Ok(()))) => {
                    self.connect(ServerAddress::default(), self.host_name.clone());
                    self.look_for_hosted();
                }
                Ok(Hosted::Started(Err(failure))) => self.actions.push_back(Action::HostFailed(failure)),
                Ok(Hosted::Stopped(result)) => self.actions.push_back(Action::HostStopped(result)),
                Err(_) => {}
            }
        }
        self.actions.pop_front()
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Connect { server, name } => {
                self.disconnect();
                self.connect(server, name);
            }
            Effect::Host { name } => {
                self.disconnect();
                self.host_name = name;
                self.actions.push_back(Action::Connecting { attempt: 1 });
                let done = self.hosted.0.clone();
                host::start(self.hosted_data.clone(), desktop::path(), move |result| {
                    // Nobody listens any more when the window has gone.
                    let _ = done.send(Hosted::Started(result));
                    app::awake();
                });
            }
            Effect::StopHosted => {
                let done = self.hosted.0.clone();
                host::stop(self.hosted_data.clone(), move |result| {
                    let _ = done.send(Hosted::Stopped(result));
                    app::awake();
                });
            }
            Effect::Disconnect => self.disconnect(),
            // These are the window's own.
            Effect::TextTaken
            | Effect::Compose(..)
            | Effect::ScrollTo(_)
            | Effect::ReadOn(..)
            | Effect::ScrollToEnd
            | Effect::Copy(_)
            | Effect::Quit => {}
            // What can be said again at the next key need not wait for room in the queue.
            Effect::Typing(_) if !self.waiting.is_empty() => {}
            effect => {
                self.waiting.push_back(effect);
                self.hand_over();
            }
        }
    }

    fn now_ms(&mut self) -> i64 {
        desktop::now_ms()
    }
}
