//! What a search means: how words become an expression of FTS5, and how a text is cut into words.
//!
//! All homes of the log ask the same engine, so that the same words find the same messages everywhere. Words are cut by
//! FTS5's `unicode61`: letters and digits belong to a word, everything else stands between words, emoji too; upper and
//! lower case are one, and so are a letter with a mark and the letter without it ("Café" and "cafe", but "año" and
//! "ano" as well). Languages that put no spaces between words are found by the beginning of what stands between
//! spaces. **Invariant:** what a person typed is data: inside of quotes, whatever it is.

use rusqlite::Connection;
use tertulia_protocol::Seq;

/// How words are cut, in the index of the file and in every sieve.
pub(super) const TOKENIZER: &str = "unicode61 remove_diacritics 2";

/// The words as an expression that matches texts with all of them, the last one as the beginning of a word. `None` if
/// there are no words: then it is no condition.
pub(super) fn expression(words: &[String]) -> Option<String> {
    let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
    (!quoted.is_empty()).then(|| quoted.join(" ") + " *")
}

/// A string of FTS5: in quotes, quotes doubled. It would end at a NUL, which stands between words like a space.
fn quote(word: &str) -> String {
    format!("\"{}\"", word.replace('"', "\"\"").replace('\0', " "))
}

/// Whether a text has a link in it, as far as one can tell without a list of all domains.
pub(super) fn has_link(text: &str) -> bool {
    const MARKS: [&[u8]; 3] = [b"http://", b"https://", b"www."];
    let bytes = text.as_bytes();
    let at = |from: usize, mark: &[u8]| bytes[from..].get(..mark.len()).is_some_and(|it| it.eq_ignore_ascii_case(mark));
    (0..bytes.len())
        .any(|from| matches!(bytes[from], b'h' | b'H' | b'w' | b'W') && MARKS.iter().any(|mark| at(from, mark)))
}

/// Picks out of a few texts those that words match: an index that is made for the question and thrown away.
pub(super) struct Sieve(Connection);

impl Sieve {
    pub(super) fn new() -> rusqlite::Result<Self> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(&format!(
            "CREATE VIRTUAL TABLE sieve USING fts5 (text, content = '', columnsize = 0, tokenize = '{TOKENIZER}')"
        ))?;
        Ok(Self(connection))
    }

    /// The places of the texts that the words match, rising.
    pub(super) fn matching<'t>(
        &self,
        words: &[String],
        texts: impl Iterator<Item = (Seq, &'t str)>,
    ) -> rusqlite::Result<Vec<Seq>> {
        let Some(expression) = expression(words) else {
            let mut all: Vec<Seq> = texts.map(|(seq, _)| seq).collect();
            all.sort_unstable();
            return Ok(all);
        };
        // Never committed: it leaves nothing behind.
        let moment = self.0.unchecked_transaction()?;
        let mut insert = moment.prepare_cached("INSERT INTO sieve (rowid, text) VALUES (?1, ?2)")?;
        for (seq, text) in texts {
            insert.execute((seq.0.cast_signed(), text))?;
        }
        let mut select = moment.prepare_cached("SELECT rowid FROM sieve WHERE sieve MATCH ?1 ORDER BY rowid")?;
        let seqs = select.query_map([expression], |row| Ok(Seq(row.get::<_, i64>(0)?.cast_unsigned())))?;
        seqs.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finds(words: &[&str], text: &str) -> bool {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let sieve = Sieve::new().unwrap();
        let found = sieve.matching(&words, [(Seq(1), text)].into_iter()).unwrap();
        assert_eq!(sieve.matching(&words, [].into_iter()).unwrap(), [], "nothing is left behind");
        found == [Seq(1)]
    }

    #[test]
    fn case_and_accents_make_no_difference() {
        assert!(finds(&["cafe"], "¿Un Café?"));
        assert!(finds(&["CAFÉ"], "un cafe\u{301} solo"));
        assert!(finds(&["ano"], "el año que viene"), "unicode61 takes the tilde for a mark like others");
        assert!(finds(&["ПРИВЕТ"], "привет"));
        assert!(!finds(&["strasse"], "Straße"), "ß is a letter of its own");
    }

    #[test]
    fn all_words_have_to_be_there_and_the_last_may_begin_one() {
        assert!(finds(&["dos", "un"], "uno y dos"));
        assert!(!finds(&["un", "dos"], "uno y dos"), "only the last one");
        assert!(!finds(&["dos", "tres"], "uno y dos"));
        assert!(finds(&["foo-bar"], "a foo bar"), "what stands between two words is not compared");
        assert!(!finds(&["foo-bar"], "a bar foo"), "but their order is");
    }

    #[test]
    fn words_without_letters_find_nothing_by_themselves() {
        assert!(!finds(&["*"], "a * b"));
        assert!(!finds(&["🎉"], "hola 🎉"));
        assert!(finds(&["🎉", "hola"], "hola 🎉"));
        assert!(finds(&["hola", "🎉"], "hola 🎉"));
        assert!(finds(&["山"], "山田さん"));
    }

    #[test]
    fn links_are_seen() {
        for text in ["http://a", "see HTTPS://b.example", "(www.c.example)", "xhttp://"] {
            assert!(has_link(text), "{text}");
        }
        for text in ["", "http:/", "www", "hhttps:", "ww.w", "é"] {
            assert!(!has_link(text), "{text}");
        }
    }

    fn nasty() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("\"".to_owned()),
            Just("\"\"".to_owned()),
            Just("*".to_owned()),
            Just(" NEAR(".to_owned()),
            Just("AND".to_owned()),
            Just(" OR ".to_owned()),
            Just("NOT".to_owned()),
            Just("^".to_owned()),
            Just(":".to_owned()),
            Just("text:".to_owned()),
            Just("-".to_owned()),
            Just("+".to_owned()),
            Just("{}()".to_owned()),
            Just("\0".to_owned()),
            Just("'".to_owned()),
            Just(";--".to_owned()),
            Just("👩‍👩‍👧".to_owned()),
            Just("e\u{301}".to_owned()),
            Just("\u{301}".to_owned()),
            Just("山田".to_owned()),
            Just("\u{fffe}\u{e000}".to_owned()),
            ".{0,3}",
            "[a-c]{1,3}",
        ];
        prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        /// Whatever is typed, it is no syntax: no error, and a text with a word of letters beside it is still found by it.
        #[test]
        fn what_is_typed_is_never_syntax(words in prop::collection::vec(nasty(), 0..4), text in nasty()) {
            let sieve = Sieve::new().unwrap();
            let texts = [(Seq(1), text.as_str()), (Seq(2), "zzz")];
            let found = sieve.matching(&words, texts.into_iter()).unwrap();
            let mut more = vec!["zzz".to_owned()];
            more.extend(words.iter().cloned());
            let both = sieve.matching(&more, texts.into_iter()).unwrap();
            prop_assert!(!both.contains(&Seq(1)), "{words:?} freed itself of the first word");
            if words.iter().all(|word| !word.chars().any(char::is_alphanumeric)) {
                prop_assert!(!found.contains(&Seq(2)) || words.is_empty());
            }
        }

        /// Every text is found by its own words.
        #[test]
        fn a_text_finds_itself(text in nasty()) {
            let letters = text.chars().any(|c| c.is_ascii_alphanumeric());
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            prop_assert!(!letters || finds(&words.iter().map(String::as_str).collect::<Vec<_>>(), &text));
        }
    }
}
