//! From the first byte to `Welcome`, and what says that there is nothing to say.

use crate::{AT, array, client, device_key, rising, server};
use tertulia_protocol::{
    ClientFrame, DeviceId, ErrorCode, LogId, Nonce, PublicKey, RequestId, Seq, ServerFrame, Signature, UserId, push,
    reply, request,
};

#[test]
fn hello() {
    let mut hello = request::Hello {
        versions: vec![1],
        device_key: device_key(),
        nonce: Nonce(rising(0xa0)),
        agent: Some("tertulia 0.1.0".into()),
        locale: Some("es-ES".into()),
    };
    client(&golden!("hello"), &hello, ClientFrame::Hello);
    (hello.versions, hello.agent, hello.locale) = (vec![1, 200, 300], None, None);
    client(&golden!("hello_least"), &hello, ClientFrame::Hello);
}

#[test]
fn challenge() {
    let challenge = reply::Challenge {
        version: 1,
        nonce: Nonce(rising(0xc0)),
        server_key: PublicKey(array("29acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7")),
        signature: Signature(array(
            "870aa8a8cca0b7dd88f023e3745dae87b9ae09b4e7017c7c9482feb281e4a921
             38b3bb5faab93de2f894cfe4a93ef49cb118e5cc51133edf4c5bb94ae927b50f",
        )),
    };
    server(&golden!("challenge"), &challenge, ServerFrame::Challenge);
}

#[test]
fn prove() {
    let named = array(
        "13aba18613c5efc7cdc9dc2634f8e7e2a652aa4a9e36bcae2956f06abd616367
         f2a7b8f95aee210770677e1813d6db6eab8ba19e9a641de4f3a5b0c6326b2209",
    );
    let unnamed = array(
        "c7ac0e81a01448c1da78860f67d156f9797ce5ea1c3664dc0e39d9fcb99ca53a
         c43a88b2fdd6efc6046398d7a1d17b8111ede32bad4896c403250a4e41135309",
    );
    let prove = request::Prove { signature: Signature(named), name: Some("Zoë".into()) };
    client(&golden!("prove"), &prove, ClientFrame::Prove);
    let prove = request::Prove { signature: Signature(unnamed), name: None };
    client(&golden!("prove_least"), &prove, ClientFrame::Prove);
}

#[test]
fn welcome() {
    let first = reply::Lineage { log: LogId(rising(0)), from: Seq(1) };
    let second = reply::Lineage { log: LogId(rising(0xf0)), from: Seq(1_000) };
    let welcome = reply::Welcome {
        user: UserId(7),
        device: DeviceId(31),
        name: "Zoë".into(),
        position: Seq(65_536),
        lineage: vec![first, second],
        now: AT,
        agent: Some("tertulia-server".into()),
    };
    server(&golden!("welcome"), &welcome, ServerFrame::Welcome);
    let welcome = reply::Welcome {
        user: UserId(2),
        device: DeviceId(2),
        name: "ana".into(),
        position: Seq(2),
        lineage: vec![first],
        now: -1,
        agent: None,
    };
    server(&golden!("welcome_least"), &welcome, ServerFrame::Welcome);
}

#[test]
fn error() {
    let error = |request: Option<u32>, code, params: Option<&[&str]>, text: &str| reply::Error {
        request: request.map(RequestId),
        code,
        params: params.map(|params| params.iter().map(ToString::to_string).collect()),
        text: text.into(),
    };
    let confusable = error(Some(u32::MAX), ErrorCode::NAME_CONFUSABLE, Some(&["paul", "\u{440}aul"]), "confusing");
    server(&golden!("error_request"), &confusable, ServerFrame::Error);
    let read_only = error(Some(0), ErrorCode::READ_ONLY, None, "");
    server(&golden!("error_request_least"), &read_only, ServerFrame::Error);
    let stopping = error(None, ErrorCode::STOPPING, None, "stopping no");
    server(&golden!("error_connection"), &stopping, ServerFrame::Error);
    let unknown = error(None, ErrorCode(65_535), None, "?");
    server(&golden!("error_unknown_code"), &unknown, ServerFrame::Error);
    assert_eq!(unknown.code.name(), "unknown");
}

#[test]
fn heartbeats() {
    client(&golden!("heartbeat_client"), &request::Heartbeat {}, ClientFrame::Heartbeat);
    let heartbeat = push::Heartbeat { position: Seq(u64::MAX) };
    server(&golden!("heartbeat_server"), &heartbeat, ServerFrame::Heartbeat);
}
