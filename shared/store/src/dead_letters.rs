//! The queue of stream records that a consumer could not read.
//!
//! Such a record would fail in every delivery and hold back the records after it, so it is sent here whole and passed over.

use aws_sdk_sqs::error::DisplayErrorContext;
use hb_domain::{Error, Result};
use serde_json::{Value, json};

/// The bytes of the largest message that SQS accepts.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const MAX_MESSAGE: usize = 1_048_576;

/// Characters that SQS refuses in a message and that JSON may contain as they are, with their escapes.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
const REFUSED: [(char, &str); 2] = [('\u{fffe}', "\\ufffe"), ('\u{ffff}', "\\uffff")];

/// The queue; cheap to clone.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    sqs: aws_sdk_sqs::Client,
    queue_url: String,
}

impl DeadLetters {
    /// The queue at this URL.
    pub fn new(sqs: aws_sdk_sqs::Config, queue_url: String) -> Self {
        Self { sqs: aws_sdk_sqs::Client::from_conf(sqs), queue_url }
    }

    /// Sends a stream record as JSON. One that is too large is sent without its images.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the queue did not confirm the message: the record has to be delivered again.
    pub async fn send(&self, record: &Value) -> Result<()> {
        let sent =
            self.sqs.send_message().queue_url(&self.queue_url).message_body(message(record)).send().await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::Unavailable(format!("SendMessage: {}", DisplayErrorContext(&error)))),
        }
    }
}

/// The text of the message.
fn message(record: &Value) -> String {
    let whole = escaped(&record.to_string());
    if whole.len() <= MAX_MESSAGE {
        return whole;
    }
    tracing::error!(
        event = record["eventID"].as_str(),
        bytes = whole.len(),
        "a stream record is too large for the queue, which gets it without its images"
    );
    let mut record = record.clone();
    for image in ["OldImage", "NewImage"] {
        if let Some(change) = record["dynamodb"].as_object_mut() {
            change.remove(image);
        }
    }
    let without = escaped(&record.to_string());
    if without.len() <= MAX_MESSAGE {
        return without;
    }
    // Keys have at most 3 KiB, so this is no record of DynamoDB.
    json!({"eventID": record["eventID"], "eventSourceARN": record["eventSourceARN"]}).to_string()
}

fn escaped(text: &str) -> String {
    REFUSED.into_iter().fold(text.to_owned(), |text, (character, escape)| text.replace(character, escape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_sent_whole_or_without_its_images_and_reads_as_it_was() {
        let record = |content: &str| json!({"eventID": "e1", "dynamodb": {"SequenceNumber": "1", "NewImage": {"content": {"S": content}}}});
        let read = |message: &str| serde_json::from_str::<Value>(message).expect("JSON");
        let odd = record("a\u{fffe}b\u{ffff}\u{0}\u{7f}");
        let sent = message(&odd);
        assert_eq!(read(&sent), odd);
        assert!(!sent.chars().any(|character| {
            matches!(character, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
        }));
        let large = record(&"x".repeat(MAX_MESSAGE));
        assert_eq!(read(&message(&large)), json!({"eventID": "e1", "dynamodb": {"SequenceNumber": "1"}}));
        let whole = record(&"x".repeat(MAX_MESSAGE - record("").to_string().len()));
        assert_eq!(message(&whole).len(), MAX_MESSAGE);
    }
}
