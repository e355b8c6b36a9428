//! What comes of a list to choose from: the questions that fill it, and what a chosen row does.

use tertulia_protocol::{
    Cid, RoomId, Rseq,
    entry::{MessageBody, RoomEntry},
};

use super::{
    Connection, Effect, Model,
    palette::{Choice, Offer, Palette, Purpose, Trouble},
    people::sort_key,
    question::About,
    search::{self, Names},
    timeline::RowKey,
};
use crate::session::{self, Ask, Write};

impl Model {
    pub(super) fn open_palette(&mut self, palette: Palette) -> Vec<Effect> {
        let mut palette = palette;
        if palette.typed.is_empty() {
            palette.typed = match (palette.purpose, self.room()) {
                (Purpose::RenameRoom, Some(room)) => room.state.row.name.clone(),
                (Purpose::Topic, Some(room)) => room.state.row.topic.clone().unwrap_or_default(),
                (Purpose::Rename, _) => self.name.clone(),
                _ => String::new(),
            };
        }
        self.composer.completion = None;
        self.palette = Some(palette);
        self.fill()
    }

    /// Asks for what the list needs.
    fn fill(&mut self) -> Vec<Effect> {
        let room = self.current;
        let Some(palette) = &self.palette else { return Vec::new() };
        let ask = match (palette.purpose, room) {
            (Purpose::Browse, _) => Ask::Browse { after: palette.rooms.last().map(|row| row.room) },
            (Purpose::Invite | Purpose::Members | Purpose::Member(_), Some(room)) => {
                Ask::Members { room, after: palette.members.last().map(|row| row.user) }
            }
            (Purpose::Search, _) => match self.search_of(&palette.typed) {
                Ok(search) => Ask::Search(session::Search { below: palette.below, ..search }),
                Err(problem) => {
                    let trouble = (problem != search::Problem::Empty).then_some(Trouble::Search(problem));
                    if let Some(palette) = &mut self.palette {
                        palette.trouble = trouble;
                    }
                    return Vec::new();
                }
            },
            _ => return Vec::new(),
        };
        self.ask_for_list(ask)
    }

    fn ask_for_list(&mut self, ask: Ask) -> Vec<Effect> {
        self.asked += 1;
        let token = self.asked;
        let online = matches!(self.connection, Connection::Online { .. });
        let Some(palette) = &mut self.palette else { return Vec::new() };
        if !online {
            palette.trouble = Some(Trouble::Offline);
            return Vec::new();
        }
        palette.trouble = None;
        palette.asked = Some((token, palette.typed.clone()));
        vec![Effect::Ask { token, ask }]
    }

    /// Whether we are in a room, as far as is known here.
    #[must_use]
    pub fn is_in(&self, room: RoomId) -> bool {
        self.rooms.get(&room).is_some_and(|room| !room.state.gone)
    }

    /// Asks what the public rooms are called in which something was found, if there are any that are not ours.
    fn name_rooms_of_hits(&mut self) -> Vec<Effect> {
        let Some(palette) = &self.palette else { return Vec::new() };
        let named = |room| self.rooms.contains_key(&room) || palette.rooms.iter().any(|row| row.room == room);
        if palette.hits.iter().all(|hit| named(hit.room)) {
            return Vec::new();
        }
        let after = palette.rooms.last().map(|row| row.room);
        self.ask_for_list(Ask::Browse { after })
    }

    fn search_of(&self, typed: &str) -> Result<session::Search, search::Problem> {
        let rooms = self.rooms.values().map(|room| (room.id, self.room_name(room))).collect();
        let names = Names { people: self.people.all(), rooms, today: self.today(), zone: &self.zone };
        search::parse(typed, &names)
    }

    pub(super) fn palette_typed(&mut self, typed: String) -> Vec<Effect> {
        let Some(palette) = &mut self.palette else { return Vec::new() };
        if palette.typed == typed {
            return Vec::new();
        }
        palette.typed = typed;
        if palette.purpose != Purpose::Search {
            return Vec::new();
        }
        // What was found for other words stays until the new answer is there.
        palette.answered = false;
        if palette.asked.is_some() { Vec::new() } else { self.search_anew() }
    }

    fn search_anew(&mut self) -> Vec<Effect> {
        if let Some(palette) = &mut self.palette {
            palette.below = None;
            if palette.typed.trim().is_empty() {
                palette.hits.clear();
            }
        }
        self.fill()
    }

    pub(super) fn answered_by_server(&mut self, token: u64, answer: session::Answer) -> Vec<Effect> {
        if let Some(effects) = self.members_answered(token, &answer) {
            return effects;
        }
        let Some(palette) = &mut self.palette else { return Vec::new() };
        let Some((_, typed)) = palette.asked.take_if(|(asked, _)| *asked == token) else { return Vec::new() };
        let stale = typed != palette.typed && palette.purpose == Purpose::Search;
        let (mut again, mut names) = (false, false);
        palette.answered = !stale;
        match answer {
            session::Answer::Rooms { rooms, more } => {
                palette.rooms.extend(rooms);
                // Of a search it was only to be known what rooms are called.
                names = more && palette.purpose == Purpose::Search;
                again = more && !names;
            }
            session::Answer::Members { members, more, .. } => {
                palette.members.extend(members);
                again = more;
            }
            session::Answer::Hits { hits, below } if !stale => {
                if !palette.going_on {
                    palette.hits.clear();
                }
                palette.hits.extend(hits);
                palette.below = below;
                // The server looks for a bounded time at each request, and may have found nothing yet.
                again = palette.hits.is_empty() && below.is_some();
                names = !again;
            }
            session::Answer::Hits { .. } => {}
            session::Answer::Refused { code, params } => {
                palette.trouble = Some(Trouble::Refused(session::Failure { code, params }));
            }
            session::Answer::Cut => palette.trouble = Some(Trouble::Offline),
        }
        palette.going_on = again;
        if stale {
            self.search_anew()
        } else if again {
            self.fill()
        } else if names {
            self.name_rooms_of_hits()
        } else {
            Vec::new()
        }
    }

    /// A row was chosen.
    pub(super) fn chose(&mut self, index: usize, cid: Cid) -> Vec<Effect> {
        let Some(offer) = self.offers().into_iter().nth(index) else { return Vec::new() };
        let Some(palette) = self.palette.take() else { return Vec::new() };
        let room = self.current.unwrap_or(RoomId(0));
        let typed = palette.typed.trim().to_owned();
        let write = match offer.choice {
            Choice::Room(room) => return self.open_room(room),
            Choice::Join(room) => return self.join(room, None, cid),
            Choice::Hit { room, rseq } => return self.go_to(room, rseq, offer.name),
            Choice::Direct(user) => return self.direct(user, cid),
            Choice::Open(purpose) => {
                let name = if purpose == Purpose::Create { offer.name } else { String::new() };
                return self.open_palette(Palette::new(purpose).with(name));
            }
            Choice::Member(user, _) => {
                let members = palette.members.clone();
                self.palette = Some(Palette { members, ..Palette::new(Purpose::Member(user)) });
                return Vec::new();
            }
            Choice::Copy(text) => {
                // There may be more to copy: the list stays.
                self.palette = Some(Palette { copied: Some(text.clone()), ..palette });
                return vec![Effect::Copy(text)];
            }
            Choice::More => {
                self.palette = Some(Palette { going_on: true, ..palette });
                return self.fill();
            }
            Choice::Create { .. } | Choice::Save if typed.is_empty() && palette.purpose != Purpose::Topic => {
                self.palette = Some(palette);
                return Vec::new();
            }
            Choice::Create { private } => {
                let kind = if private {
                    tertulia_protocol::reply::ROOM_PRIVATE
                } else {
                    tertulia_protocol::reply::ROOM_PUBLIC
                };
                Write::open_room(kind, typed, None)
            }
            Choice::Save => match palette.purpose {
                Purpose::Topic => Write::topic(room, Some(typed).filter(|topic| !topic.is_empty())),
                Purpose::Rename => Write::rename(typed),
                _ => Write::room_name(room, typed),
            },
            Choice::Hue(hue) => Write::profile(hue),
            Choice::Invite(user) => Write::invite(room, user),
            Choice::Role(user, role) => Write::role(room, user, role),
            Choice::Remove(user) => {
                self.ask(About::Remove(room, user));
                return Vec::new();
            }
            Choice::Leave => {
                self.ask(About::Leave(room));
                return Vec::new();
            }
            Choice::Archive(true) => {
                self.ask(About::Archive(room));
                return Vec::new();
            }
            Choice::Archive(false) => Write::archive(room, false),
            Choice::React(emoji) => {
                let Purpose::React(rseq) = palette.purpose else { return Vec::new() };
                return self.react(RowKey::Entry(rseq), emoji, cid);
            }
        };
        self.write(cid, write)
    }

    /// Hands over something that is no message.
    pub(super) fn write(&mut self, cid: Cid, write: Write) -> Vec<Effect> {
        self.writes.insert(cid, write.clone());
        vec![Effect::Write { cid, write, instead_of: None }]
    }

    /// Joins a room, and goes there once it is ours.
    pub(super) fn join(&mut self, room: RoomId, rseq: Option<Rseq>, cid: Cid) -> Vec<Effect> {
        self.going_to = Some((room, rseq));
        self.write(cid, Write::join(room))
    }

    /// Speaks with somebody: in the room that there is, or in a new one.
    pub(super) fn direct(&mut self, user: tertulia_protocol::UserId, cid: Cid) -> Vec<Effect> {
        if Some(user) == self.me {
            return Vec::new();
        }
        match self.rooms.values().find(|room| room.state.row.with == Some(user)) {
            Some(room) => self.open_room(room.id),
            None => self.write(cid, Write::direct(user)),
        }
    }

    /// Goes to what was found, in whatever room. Coming into one is seen by others, so nobody does it by looking.
    fn go_to(&mut self, room: RoomId, rseq: Rseq, name: String) -> Vec<Effect> {
        if !self.is_in(room) {
            self.ask(About::Join { room, name, rseq });
            return Vec::new();
        }
        let mut effects = self.open_room(room);
        effects.extend(self.jump(rseq));
        effects
    }

    /// What is no longer on the server, as rows: the newest first.
    pub(super) fn lost_messages(&self, palette: &Palette) -> Vec<Offer> {
        let typed = sort_key(palette.typed.trim());
        let offers = self.lost.iter().rev().filter_map(|RoomEntry { room, entry }| {
            let text = MessageBody::from_bytes(&entry.body)?.text;
            let author = self.people.name(entry.author);
            let place = self.rooms.get(room).map(|room| self.room_name(room)).unwrap_or_default();
            let fits = [text.as_str(), author, place].into_iter().any(|words| sort_key(words).contains(&typed));
            fits.then(|| Offer {
                detail: text.split_whitespace().take(60).collect::<Vec<_>>().join(" "),
                at_ms: Some(entry.at),
                person: Some(entry.author),
                ..Offer::named(Choice::Copy(text), place)
            })
        });
        offers.collect()
    }

    /// What was found, as rows.
    pub(super) fn found_messages(&self, palette: &Palette) -> Vec<Offer> {
        let mut offers: Vec<Offer> = palette
            .hits
            .iter()
            .map(|RoomEntry { room, entry }| {
                let text = MessageBody::from_bytes(&entry.body).map(|body| body.text).unwrap_or_default();
                let listed = || palette.rooms.iter().find(|row| row.room == *room).map(|row| row.name.as_str());
                let place = self.rooms.get(room).map(|room| self.room_name(room)).or_else(listed).unwrap_or_default();
                Offer {
                    detail: text.split_whitespace().take(60).collect::<Vec<_>>().join(" "),
                    at_ms: Some(entry.at),
                    person: Some(entry.author),
                    ..Offer::named(Choice::Hit { room: *room, rseq: entry.rseq }, place)
                }
            })
            .collect();
        if palette.below.is_some() {
            offers.push(Offer::new(Choice::More));
        }
        offers
    }
}
