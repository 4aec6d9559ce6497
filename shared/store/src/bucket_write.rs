//! The part of a conditional write that takes one request from a token bucket, for every item that has a `tat`.

use hb_domain::Timestamp;
use hb_domain::meter::{Branch, Bucket};

use crate::item::{Attributes, number};

/// A write of one [`Branch`]: its expressions, to which the item's own are appended, and their values.
pub(crate) struct BucketWrite {
    /// The update of `tat`.
    pub(crate) update: &'static str,
    /// The condition on `tat`.
    pub(crate) condition: &'static str,
    /// The values of both.
    pub(crate) values: Attributes,
}

impl BucketWrite {
    /// The write of `branch` at `now`.
    pub(crate) fn new(bucket: Bucket, branch: Branch, now: Timestamp) -> Self {
        match branch {
            Branch::InUse => Self {
                update: "SET tat = tat + :interval",
                condition: "tat BETWEEN :floor AND :horizon",
                values: Attributes::from([
                    (":interval".into(), number(bucket.interval)),
                    (":floor".into(), number(bucket.floor(now))),
                    (":horizon".into(), number(bucket.horizon(now))),
                ]),
            },
            Branch::Idle => Self {
                update: "SET tat = :next",
                condition: "tat < :now",
                values: Attributes::from([
                    (":now".into(), number(now.micros())),
                    (":next".into(), number(now.micros() + bucket.interval)),
                ]),
            },
        }
    }
}
