//! Questions before the window closes, the server stops or changes.

use super::*;

/// What is being asked, its answers, and what comes of the last action.
fn asked(model: &mut Model, action: Action) -> (Option<(About, usize)>, Vec<Answer>, Vec<Effect>) {
    let effects = model.update(action);
    let question = model.question.as_ref();
    let answers = question.map(|question| question.answers().to_vec()).unwrap_or_default();
    (question.map(|question| (question.about.clone(), question.unsent)), answers, effects)
}

#[test]
fn a_window_that_hosts_asks_before_it_closes() {
    let localhost = Known { server: Some(ServerAddress::default()), name: Some("ana".into()), suggested_name: None };
    let (mut model, _) = Model::new(TimeZone::UTC, NOON, localhost);
    online().into_iter().for_each(|action| drop(model.update(action)));
    assert_eq!(asked(&mut model, Action::Close).2, [Effect::Quit], "a server that is not ours");
    model.update(Action::Hosting(true));
    let quit = Some((About::Quit, 0));
    let answers = vec![Answer::Go, Answer::Stop, Answer::Cancel];
    assert_eq!(asked(&mut model, Action::Close), (quit.clone(), answers.clone(), vec![]));
    assert_eq!(model.question.as_ref().map(|question| question.others), Some(1));
    assert_eq!(asked(&mut model, Action::Answer { answer: Answer::Cancel, cid: cid(99) }), (None, vec![], vec![]));
    model.update(Action::Close);
    assert_eq!(asked(&mut model, Action::Answer { answer: Answer::Go, cid: cid(99) }).2, [Effect::Quit]);
    model.update(Action::Close);
    assert_eq!(
        asked(&mut model, Action::Answer { answer: Answer::Stop, cid: cid(99) }),
        (quit.clone(), vec![], vec![Effect::StopHosted])
    );
    assert_eq!(asked(&mut model, Action::Answer { answer: Answer::Cancel, cid: cid(99) }).0, quit, "it is on its way");
    let slow = Action::HostStopped(Err(StopFailure::TooSlow));
    assert_eq!(asked(&mut model, slow), (quit, answers, vec![]));
    model.update(Action::Answer { answer: Answer::Stop, cid: cid(99) });
    assert_eq!(asked(&mut model, Action::HostStopped(Ok(()))), (None, vec![], vec![Effect::Quit]));
    assert!(!model.hosted);
}

#[test]
fn hosting_can_be_stopped_and_begun_again() {
    let (mut model, _) = check(vec![Action::StopHosting], &[]);
    assert_eq!(model.question, None, "there is nothing to stop");
    model.update(Action::Hosting(true));
    let answers = vec![Answer::Cancel, Answer::Stop];
    assert_eq!(asked(&mut model, Action::StopHosting), (Some((About::StopHosting, 0)), answers, vec![]));
    model.update(Action::Answer { answer: Answer::Stop, cid: cid(99) });
    assert_eq!(asked(&mut model, Action::HostStopped(Ok(()))), (None, vec![], vec![Effect::Disconnect]));
    assert!(model.form.as_ref().is_some_and(|form| form.host));
    let start = Action::Start { name: "ana".into(), server: String::new(), host: true };
    assert_eq!(model.update(start), [Effect::Host { name: "ana".into() }]);
}

/// Who closed the window a moment before the profile had the last words was asked, and the question stayed when there
/// was nothing left to ask.
#[test]
fn who_wanted_to_go_goes_when_everything_is_kept() {
    let (mut model, _) = check(vec![submit(1, "a")], &["= 2026-11-22", "ana 12:00: a (sending)"]);
    assert_eq!(asked(&mut model, Action::Close).0, Some((About::Quit, 1)));
    let body = MessageBody { text: "a".into() }.to_bytes();
    let (kind, mentions) = (Kind::MESSAGE, Vec::new());
    let item =
        crate::session::OutboxItem { cid: cid(1), room: GENERAL, kind, target: None, mentions, body, failed: None };
    assert_eq!(asked(&mut model, Action::Queued(item)), (None, vec![], vec![Effect::Quit]));
}

#[test]
fn what_was_not_sent_is_not_dropped_without_a_word() {
    let (mut model, _) =
        check(vec![submit(1, "a"), submit(2, "b")], &["= 2026-11-22", "ana 12:00: a (sending)", "  b (sending)"]);
    let answers = vec![Answer::Cancel, Answer::Go];
    assert_eq!(asked(&mut model, Action::Close), (Some((About::Quit, 2)), answers.clone(), vec![]));
    assert_eq!(asked(&mut model, Action::Close).2, [Effect::Quit], "closed again: it was meant");
    let settled = |number, rseq| Action::Settled { cid: cid(number), room: GENERAL, rseq: Rseq(rseq), at_ms: NOON };
    assert_eq!(asked(&mut model.clone(), settled(1, 1)), (Some((About::Quit, 1)), answers.clone(), vec![]));
    model.update(Action::Answer { answer: Answer::Cancel, cid: cid(99) });
    model.update(Action::ChangeLogin);
    let start = Action::Start { name: "ana".into(), server: "other".into(), host: false };
    let other: ServerAddress = "other".parse().unwrap();
    let change = About::ChangeServer { name: "ana".into(), server: other.clone(), host: false };
    assert_eq!(asked(&mut model, start.clone()), (Some((change, 2)), answers, vec![]));
    model.update(Action::Answer { answer: Answer::Cancel, cid: cid(99) });
    assert_eq!((model.server(), model.form.as_ref().map(|form| form.server.as_str())), ("box".into(), Some("other")));
    model.update(start);
    let connect = Effect::Connect { server: other, name: "ana".into() };
    assert_eq!(asked(&mut model, Action::Answer { answer: Answer::Go, cid: cid(99) }), (None, vec![], vec![connect]));
    assert!(model.timeline().is_empty());
}
