//! Limits connections and requests at once, in all and from each address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use super::ClientLimits;

/// The limits of a server, shared by all of its threads.
#[derive(Clone)]
pub struct ConnectionLimits {
    /// Open connections; those of trusted proxies count in all, but for no address.
    pub connections: AddressLimit,
    /// Requests that trusted proxies pass on, by the address that they name.
    pub proxied_requests: AddressLimit,
    /// Bytes of bodies in memory.
    pub body_bytes: AddressLimit,
}

impl ConnectionLimits {
    /// Makes them as configured.
    #[must_use]
    pub fn new(limits: &ClientLimits) -> Self {
        let per_address = limits.connections_per_address;
        Self {
            connections: AddressLimit::new(limits.connections, per_address),
            proxied_requests: AddressLimit::new(usize::MAX, per_address),
            body_bytes: AddressLimit::new(limits.body_memory, limits.body_memory / 4),
        }
    }
}

/// Why something was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceeded {
    /// All clients together have too much.
    Total,
    /// This address has too much.
    Address,
}

/// A limit on what is taken at once.
#[derive(Clone)]
pub struct AddressLimit {
    taken: Arc<Mutex<OpenConnections>>,
    most: usize,
    most_per_address: usize,
}

#[derive(Default)]
struct OpenConnections {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl AddressLimit {
    /// Makes a limit in all and for each address.
    #[must_use]
    pub fn new(most: usize, most_per_address: usize) -> Self {
        Self {
            taken: Arc::default(),
            most,
            most_per_address,
        }
    }

    /// Takes an amount until the permit is dropped; without an address it counts in all only.
    ///
    /// # Errors
    /// When it is too much; then nothing is taken.
    pub fn acquire(&self, from: Option<IpAddr>, amount: usize) -> Result<Permit, Exceeded> {
        let mut permit = Permit {
            limit: self.clone(),
            from: from.map(network),
            amount: 0,
        };
        permit.grow(amount)?;
        Ok(permit)
    }

    /// How much is taken now.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.lock().total
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, OpenConnections> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An amount that is taken; it is given back when this is dropped.
pub struct Permit {
    limit: AddressLimit,
    from: Option<IpAddr>,
    amount: usize,
}

impl Permit {
    /// Takes more.
    ///
    /// # Errors
    /// When it is too much; then no more is taken than before.
    pub fn grow(&mut self, more: usize) -> Result<(), Exceeded> {
        let mut taken = self.limit.lock();
        if taken.total.saturating_add(more) > self.limit.most {
            return Err(Exceeded::Total);
        }
        if let Some(from) = self.from {
            let known = taken.by_address.get(&from).copied().unwrap_or(0);
            if known.saturating_add(more) > self.limit.most_per_address {
                return Err(Exceeded::Address);
            }
            taken.by_address.insert(from, known + more);
        }
        taken.total += more;
        self.amount += more;
        Ok(())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut taken = self.limit.lock();
        taken.total -= self.amount;
        if let Some(from) = self.from {
            let left = taken
                .by_address
                .get(&from)
                .map_or(0, |known| known - self.amount);
            if left == 0 {
                // So that the table never has more entries than there are permits.
                taken.by_address.remove(&from);
            } else {
                taken.by_address.insert(from, left);
            }
        }
    }
}

/// Of IPv6 the first 64 bits count, which is what one customer gets.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(
            address.to_bits() & !u128::from(u64::MAX),
        )),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acquire(limit: &AddressLimit, from: &str, amount: usize) -> Result<Permit, Exceeded> {
        limit.acquire(Some(from.parse().unwrap()), amount)
    }

    #[test]
    fn an_address_over_its_limit_is_refused_and_others_are_not() {
        let limit = AddressLimit::new(10, 2);
        let held: Vec<_> = [
            "192.0.2.1",
            "::ffff:192.0.2.1",
            "2001:db8:1:2::1",
            "2001:db8:1:2:ff::2",
        ]
        .map(|text| acquire(&limit, text, 1).ok().unwrap())
        .into();
        for (text, refused) in [
            ("192.0.2.1", true),
            ("192.0.2.2", false),
            ("2001:db8:1:2:3::", true),
            ("2001:db8:1:3::", false),
        ] {
            let outcome = acquire(&limit, text, 1).err();
            assert_eq!(outcome, refused.then_some(Exceeded::Address), "{text}");
        }
        // A proxy of ours carries many clients.
        assert!(limit.acquire(None, 6).is_ok());
        assert_eq!(limit.acquire(None, 7).err(), Some(Exceeded::Total));
        drop(held);
        assert_eq!(limit.taken(), 0);
        assert!(limit.lock().by_address.is_empty());
    }

    #[test]
    fn a_permit_that_may_not_grow_keeps_what_it_has() {
        let limit = AddressLimit::new(100, 50);
        let mut permit = acquire(&limit, "192.0.2.1", 30).ok().unwrap();
        assert_eq!(permit.grow(21), Err(Exceeded::Address));
        assert_eq!(limit.taken(), 30);
        assert_eq!(permit.grow(20), Ok(()));
        assert_eq!(limit.taken(), 50);
        drop(permit);
        assert_eq!(limit.taken(), 0);
    }
}
