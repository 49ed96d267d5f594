//! placeholder until merge
use crate::{
    db::Conn, delegation::DelegationId, event::EventId, notice::Method, slot::SlotId, text::Email,
    time::Moment,
};
/// A
#[derive(Debug)]
#[expect(missing_docs, reason = "x")]
pub struct NewMail {
    pub event: EventId,
    pub slot: SlotId,
    pub delegation: DelegationId,
    pub uid: String,
    pub sequence: i32,
    pub method: Method,
    pub recipient: Email,
    pub recipient_name: String,
    pub envelope_from: Email,
    pub message_id: String,
    pub subject: String,
    pub raw: Vec<u8>,
    pub written_at: Moment,
    pub give_up_at: Moment,
}
/// B
pub fn enqueue(_: &mut Conn, _: &NewMail) -> diesel::QueryResult<()> {
    Ok(())
}
