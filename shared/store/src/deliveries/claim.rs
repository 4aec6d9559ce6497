//! Claiming a delivery for an attempt, and what becomes of it afterwards. A claim is a lease: when it has ended, another instance may
//! claim the delivery. Whoever ends a delivery does so on the condition that it has the claim.

use hb_domain::delivery::{Attempt, LEASE};
use hb_domain::{Error, Result, Timestamp};

use super::due_endpoint::random_token;
use super::{DeliveryKey, DeliveryQueue, QueuedDelivery, attempts};
use crate::backoff::Backoff;
use crate::item::{Attributes, Row, millis, text};
use crate::tables::Table;
use crate::transaction::{Transaction, Written};
use crate::write::Write;

/// A delivery that this instance may attempt.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    /// The delivery.
    pub delivery: QueuedDelivery,
    /// Until when nobody else attempts it.
    pub lease_until: Timestamp,
    claim: String,
}

/// What a claim came to.
#[derive(Clone, Debug)]
pub enum Claim {
    /// The delivery is claimed.
    Claimed(Box<ClaimedDelivery>),
    /// Another instance has it until this time.
    Held(Timestamp),
    /// It does not exist any more.
    Gone,
    /// It cannot be read, for this reason. Only a repair by hand changes that.
    Corrupt(Error),
}

/// The parts of a transaction that ends or moves a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Former,
    New,
    Attempt,
}

impl DeliveryQueue<'_> {
    /// Claims a delivery at `now`, unless another instance has it: 1 write unit.
    ///
    /// # Errors
    /// The database's. The delivery may be claimed all the same, which ends with the lease.
    pub async fn claim(&self, key: &DeliveryKey, now: Timestamp) -> Result<Claim> {
        let (claim, lease_until) = (random_token(), now.plus(LEASE));
        let update =
            Write::update(Table::Deliveries, key.attributes(), "SET claim = :claim, leaseUntil = :until")
                .condition(
                    "attribute_exists(sk) AND (attribute_not_exists(leaseUntil) OR leaseUntil <= :now)",
                )
                .value(":claim", text(&claim))
                .value(":until", millis(lease_until))
                .value(":now", millis(now))
                .identified_by("claim", text(&claim))
                .returning_old();
        let claimed = Transaction::new((), update).run(self.store, &mut Backoff::counter()).await?;
        let item = match claimed {
            Ok(Written::Now(Some(item)) | Written::Earlier(item)) => item,
            Ok(Written::Now(None)) => return Ok(Claim::Gone),
            Err(failed) => return Ok(failed.found.map_or(Claim::Gone, |found| held(&found))),
        };
        // Rounded as it is stored.
        let lease_until = lease_until.to_millis();
        Ok(match QueuedDelivery::decode(&item) {
            Ok(delivery) => Claim::Claimed(Box::new(ClaimedDelivery { delivery, lease_until, claim })),
            Err(error) => Claim::Corrupt(error),
        })
    }

    /// Ends a delivery and puts its last attempt in the log: 4 write units. Returns whether it was still there, with this claim;
    /// otherwise nothing is written.
    ///
    /// # Errors
    /// The database's.
    pub async fn end(&self, claimed: &ClaimedDelivery, last: &Attempt) -> Result<bool> {
        let ended = Transaction::new(Part::Former, claimed.deletion())
            .and(Part::Attempt, attempts::put(&claimed.delivery.endpoint, last));
        Ok(ended.run(self.store, &mut Backoff::counter()).await?.is_ok())
    }

    /// Deletes a delivery whose endpoint was deleted: 1 write unit. Returns whether it was still there, with this claim.
    ///
    /// # Errors
    /// The database's.
    pub async fn drop_delivery(&self, claimed: &ClaimedDelivery) -> Result<bool> {
        let delete = claimed.deletion();
        Ok(Transaction::new((), delete).run(self.store, &mut Backoff::counter()).await?.is_ok())
    }

    /// Gives a claim back, without an attempt: 1 write unit. Another instance may claim the delivery at once.
    ///
    /// # Errors
    /// The database's.
    pub async fn release(&self, claimed: &ClaimedDelivery) -> Result<()> {
        let key = claimed.delivery.key().attributes();
        let update = Write::update(Table::Deliveries, key, "REMOVE claim, leaseUntil")
            .condition("claim = :claim")
            .value(":claim", text(&claimed.claim));
        let _ = Transaction::new((), update).run(self.store, &mut Backoff::counter()).await?;
        Ok(())
    }

    /// Moves a delivery to the time of its next attempt, and puts the attempt that failed in the log: 6 write units. There has to
    /// be a due endpoint for that time. Returns whether the delivery was still there, with this claim; otherwise nothing is written.
    ///
    /// # Errors
    /// The database's.
    pub async fn retry(
        &self,
        claimed: &ClaimedDelivery,
        due_at: Timestamp,
        failed: &Attempt,
    ) -> Result<bool> {
        let delivery = &claimed.delivery;
        let attempts = delivery.attempts.saturating_add(1);
        let next = QueuedDelivery { due_at, attempts, ..delivery.clone() };
        let put = Write::put(Table::Deliveries, next.encode()).condition("attribute_not_exists(claim)");
        let moved = Transaction::new(Part::Former, claimed.deletion())
            .and(Part::New, put)
            .and(Part::Attempt, attempts::put(&delivery.endpoint, failed));
        let moved = moved.run(self.store, &mut Backoff::transaction()).await?;
        match moved {
            Ok(_) => Ok(true),
            Err(conflict) if conflict.part == Part::Former => Ok(false),
            // Another delivery of the same event is under way at the same time. It takes the place of this one.
            Err(_) => self.end(claimed, failed).await,
        }
    }

    /// Deletes a delivery that cannot be read: 1 write unit.
    ///
    /// # Errors
    /// The database's.
    pub async fn delete_corrupt(&self, key: &DeliveryKey) -> Result<()> {
        let delete = Write::delete(Table::Deliveries, key.attributes()).condition("attribute_exists(sk)");
        let _ = Transaction::new((), delete).run(self.store, &mut Backoff::counter()).await?;
        Ok(())
    }
}

impl ClaimedDelivery {
    fn deletion(&self) -> Write {
        Write::delete(Table::Deliveries, self.delivery.key().attributes())
            .condition("claim = :claim")
            .value(":claim", text(&self.claim))
    }
}

/// The claim of another instance on an item.
fn held(item: &Attributes) -> Claim {
    match Row::new(Table::Deliveries, item).moment("leaseUntil") {
        Ok(until) => Claim::Held(until),
        Err(error) => Claim::Corrupt(error),
    }
}
