//! Searches without a query: the newest memories that meet the conditions. All memories are read, within a budget.

use hb_domain::Result;
use hb_domain::cursor::Position;
use hb_domain::listing::{Order, Sort};
use hb_domain::search::{After, Search};

use super::Memories;
use super::search::Found;
use super::search_page::truncate_to_response;
use super::walk::{Budget, Walk};

impl Memories<'_> {
    /// The newest memories that meet the conditions of `search`, behind its cursor.
    pub(super) async fn newest(&self, search: &Search) -> Result<Found> {
        let now = self.context.effective_at();
        let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
        let after = match &search.after {
            Some(After::Newest(position)) => Some(position),
            Some(After::Ranked(_)) | None => None,
        };
        let walk = Walk::new(self, Sort::CreatedAt, Order::Descending, after, Budget::FILTERED)?;
        let mut walk = walk.narrowed_to(&search.filter).await?;
        let (mut hits, mut examined, mut last) = (Vec::new(), 0, None);
        while hits.len() < limit
            && let Some(batch) = walk.next().await?
        {
            for (position, stored) in batch {
                let memory = stored.map(|stored| stored.memory);
                let memory = memory.filter(|memory| memory.is_visible(now) && search.admits(memory));
                hits.extend(memory.map(|memory| (memory, None)));
                if hits.len() > limit {
                    break;
                }
                examined += 1;
                last = Some(position);
            }
        }
        let has_more = hits.len() > limit;
        hits.truncate(limit);
        let is_cut = truncate_to_response(&search.query, &mut hits);
        if is_cut {
            last = hits.last().map(|(memory, _)| Position { id: memory.id.clone(), sort_value: None });
        }
        let is_end = walk.at_end && !has_more && !is_cut;
        let is_page = has_more || is_cut || hits.len() == limit;
        Ok(Found {
            searched: (!is_end && !is_page).then_some(examined),
            next: last.filter(|_| !is_end).map(After::Newest),
            hits,
        })
    }
}
