//! What another reading of the configuration changes in a server that runs.
//!
//! Policies and limits are asked at every decision, so a new value simply counts from the next decision on. Addresses
//! are bound, and the network is told of the server, once: those keys wait for the next start.

use super::{Config, Value, print};
use crate::limits;

/// The difference between two configurations, in words for an operator: one line each, without a full stop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// What counts from now on.
    pub taken: Vec<String>,
    /// What was told, and has to wait for the next start.
    pub refused: Vec<String>,
}

impl Config {
    /// Takes over what can change while the server runs. What cannot stays as it is, and is told again the next time.
    pub fn reload(&mut self, new: Self) -> Changes {
        let mut changes = Changes::default();
        let taken = &mut changes.taken;
        word(taken, "plaintext", self.plaintext.value.word(), new.plaintext.value.word());
        word(taken, "log_text", self.log_text.value.word(), new.log_text.value.word());
        word(taken, "keep", &self.keep.value.to_string(), &new.keep.value.to_string());
        for key in limits::KEYS {
            let (old, new) = (key.get(&self.limits), key.get(&new.limits));
            if old != new {
                taken.push(format!("limits.{} is {new} now, it was {old}", key.name));
            }
        }
        let refused = &mut changes.refused;
        fixed(refused, "data", &self.data, &new.data, |data| print::quoted(data));
        fixed(refused, "listen", &self.listen, &new.listen, |listen| print::listen(listen));
        fixed(refused, "discovery", &self.discovery, &new.discovery, ToString::to_string);
        let Self { data, listen, discovery, .. } = self;
        let kept = (data.clone(), listen.clone(), discovery.clone());
        *self = new;
        (self.data, self.listen, self.discovery) = kept;
        changes
    }
}

fn word(taken: &mut Vec<String>, key: &str, old: &str, new: &str) {
    if old != new {
        taken.push(format!("{key} is \"{new}\" now, it was \"{old}\""));
    }
}

/// Notes a key that cannot change while the server runs, if it was told to.
fn fixed<T: PartialEq>(
    refused: &mut Vec<String>,
    key: &str,
    old: &Value<T>,
    new: &Value<T>,
    show: impl Fn(&T) -> String,
) {
    if old.value != new.value {
        let (old, source, new) = (show(&old.value), new.source, show(&new.value));
        refused.push(format!("{key} stays {old} until the next start; {new} ({source}) has to wait for it"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::config::{Environment, Invocation, load};

    fn config(flags: &[&str], file: &str) -> Config {
        let arguments = ["tertulia-server", "--data", "/d"].iter().chain(flags).map(Into::into);
        match load(arguments, &Environment::new(), |_| Ok::<_, io::Error>(file.to_owned())) {
            Ok(Invocation::Serve(config)) => *config,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn policies_and_limits_change_and_addresses_wait() {
        let mut running = config(&[], "plaintext = \"loopback\"\n[limits]\ndrain_ms = 7\n");
        let new =
            config(&[], "\nlisten = \":80\"\ndiscovery = false\nlog_text = \"none\"\n[limits]\nconnections = 9\n");
        let changes = running.reload(new.clone());
        let taken = [
            "plaintext is \"always\" now, it was \"loopback\"",
            "log_text is \"none\" now, it was \"public\"",
            "limits.connections is 9 now, it was 20000",
            "limits.drain_ms is 5000 now, it was 7",
        ];
        assert_eq!(changes.taken, taken);
        let refused = [
            "listen stays [\":7667\"] until the next start; [\":80\"] (file, line 2) has to wait for it",
            "discovery stays true until the next start; false (file, line 3) has to wait for it",
        ];
        assert_eq!(changes.refused, refused);
        assert_eq!(running.limits, new.limits);
        // What has to wait is said again as long as it waits.
        assert_eq!(running.reload(new), Changes { taken: Vec::new(), refused: refused.map(str::to_owned).to_vec() });
    }

    #[test]
    fn a_flag_wins_over_the_file_the_second_time_too() {
        let flags = ["--listen", ":1", "--no-discovery"];
        let mut running = config(&flags, "");
        assert_eq!(running.reload(config(&flags, "listen = \":2\"\ndiscovery = true\n")), Changes::default());
    }
}
