//! The joint search beside an oracle that tries each start with each room and each set of interpreters by the rules.

use iikura::core::free::{
    FreeTime, Obstacle, RoomChoice, SearchRequest, SearchResult, TakenTime, ranked, search,
};
use iikura::core::interpreter::InterpreterId;
use iikura::core::programme::Programme;
use iikura::core::room::{Room, RoomId};
use iikura::core::rule::Level;
use iikura::core::rules::{Candidate, Conflict, check};
use iikura::core::slot::{Placement, SlotContent, SlotDetails, SlotId, SlotKind, SlotState};
use iikura::core::time::interval::Interval;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::scene::{
    HOURS, Pairs, Scene, from_opening, id, interpreter, opening, party, room, scene, tongues,
};
use support::fixture::content;

#[derive(Debug, Clone)]
struct Asked {
    parties: Vec<usize>,
    kind: SlotKind,
    steps: i32,
    room: Option<usize>,
    people: Option<i32>,
    interpreters: Vec<usize>,
    pairs: Pairs,
    window: Option<(usize, i32, i32)>,
    moving: Option<usize>,
}

fn asked() -> impl Strategy<Value = Asked> {
    (
        (
            subsequence(vec![0, 1, 2, 3], 1..4),
            select(vec![
                SlotKind::Other,
                SlotKind::Bilateral,
                SlotKind::Plenary,
                SlotKind::Break,
            ]),
        ),
        1..9_i32,
        prop::option::weighted(0.3, 0..4_usize),
        prop::option::of(0..22_i32),
        subsequence(vec![0, 1, 2, 3], 0..2),
        subsequence(vec![(0, 1), (1, 2), (2, 0)], 0..3),
        prop::option::weighted(0.4, (0..2_usize, -30..120_i32, 10..200_i32)),
        prop::option::weighted(0.3, 0..16_usize),
    )
        .prop_map(
            |((parties, kind), steps, room, people, interpreters, pairs, window, moving)| Asked {
                parties,
                kind,
                steps,
                room,
                people,
                interpreters,
                pairs,
                window,
                moving,
            },
        )
}

impl Asked {
    fn minutes(&self, scene: &Scene) -> i32 {
        self.steps * scene.grid
    }

    fn window(&self) -> Option<Interval> {
        self.window
            .map(|(day, from, length)| from_opening(day, from, length))
    }

    fn wish(&self, scene: &Scene, programme: &Programme) -> SearchRequest {
        let parties = self.parties.iter().copied().map(party).collect();
        let mut wish = SearchRequest::new(programme, self.kind, parties, self.minutes(scene))
            .unwrap()
            .interpreted_by(self.interpreters.iter().copied().map(interpreter).collect())
            .interpreted_between(self.pairs.iter().map(tongues).collect())
            .unwrap();
        if let Some(at) = self.room {
            wish = wish.at(RoomChoice::Certain(room(at)));
        } else if let Some(people) = self.people {
            wish = wish.at(if people == 0 {
                RoomChoice::Nowhere
            } else {
                RoomChoice::Holding(people)
            });
        }
        if let Some(window) = self.window() {
            wish = wish.within(programme, &[window]).unwrap();
        }
        if let Some(slot) = self.moving {
            wish = wish.moving(SlotId(id(slot)));
        }
        wish
    }

    /// The wish as it would be stored.
    fn details(
        &self,
        placement: Placement,
        interpreters: Vec<InterpreterId>,
        interpretation_wanted: bool,
    ) -> SlotDetails {
        let parties: Vec<_> = self.parties.iter().copied().map(party).collect();
        SlotDetails {
            content: SlotContent {
                interpreters,
                interpretation_wanted,
                ..content(self.kind, "Try", &parties)
            },
            placement,
            state: SlotState::Tentative,
            fixed: false,
        }
    }

    /// What the rules have against it.
    fn judged(&self, programme: &Programme, details: &SlotDetails) -> Vec<Conflict> {
        let id = self.moving.map(|slot| SlotId(id(slot)));
        check(programme, Candidate::of(id, details))
    }

    fn rooms(&self, programme: &Programme) -> Vec<Option<RoomId>> {
        let sizes = self
            .parties
            .iter()
            .map(|at| programme.delegation(party(*at)).unwrap().party_size);
        let people = match (self.room, self.people) {
            (Some(at), _) => return vec![Some(room(at))],
            (None, Some(0)) => return vec![None],
            (None, people) => people.unwrap_or(sizes.sum()),
        };
        let mut rooms: Vec<&Room> = programme
            .rooms
            .iter()
            .filter(|room| room.capacity >= people)
            .collect();
        rooms.sort_by_key(|room| (room.capacity, room.id));
        rooms.into_iter().map(|room| Some(room.id)).collect()
    }

    /// Every set of interpreters that would do, those of few first, then by their place on the list.
    fn sets(&self, programme: &Programme) -> Vec<Vec<InterpreterId>> {
        let all = &programme.interpreters;
        let chosen = |set: u32| {
            all.iter()
                .enumerate()
                .filter(move |(at, _)| set & 1 << at != 0)
                .map(|(_, each)| each)
        };
        let does = |set: &u32| {
            let certain = self
                .interpreters
                .iter()
                .all(|at| chosen(*set).any(|each| each.id == interpreter(*at)));
            certain
                && self
                    .pairs
                    .iter()
                    .map(tongues)
                    .all(|pair| chosen(*set).any(|each| each.pairs.contains(&pair)))
        };
        let mut sets: Vec<Vec<InterpreterId>> = (0..1 << all.len())
            .filter(does)
            .map(|set| chosen(set).map(|each| each.id).collect())
            .collect();
        sets.sort_by_key(|set| (set.len(), set.clone()));
        sets
    }
}

/// What a brute force finds: one try for each five minutes of the two days, each room and each set of interpreters.
fn brute_force(
    scene: &Scene,
    programme: &Programme,
    asked: &Asked,
) -> Vec<(FreeTime, Option<Conflict>)> {
    let (rooms, sets) = (asked.rooms(programme), asked.sets(programme));
    let mut found = Vec::new();
    for minute in (0..2 * 1440).step_by(5) {
        let start = opening(0).plus(minute - i32::from(HOURS[0].0) * 60);
        let interval = Interval::new(start, start.plus(asked.minutes(scene))).unwrap();
        if asked
            .window()
            .is_some_and(|window| !window.contains(interval))
        {
            continue;
        }
        let tries = rooms
            .iter()
            .flat_map(|room| sets.iter().map(move |set| (room, set)));
        let best = tries
            .map(|(room, set)| {
                let placement = Placement {
                    interval,
                    room: *room,
                };
                let details = asked.details(placement, set.clone(), false);
                let conflicts = asked.judged(programme, &details);
                let count = |level| {
                    conflicts
                        .iter()
                        .filter(|conflict| conflict.level == level)
                        .count()
                };
                let key = (count(Level::Blocked), count(Level::NeedsReason));
                let first = conflicts
                    .into_iter()
                    .find(|conflict| conflict.level != Level::Advice);
                (
                    key,
                    FreeTime {
                        placement,
                        interpreters: set.clone(),
                    },
                    first,
                )
            })
            .min_by_key(|(key, ..)| *key);
        found.extend(best.map(|(_, offer, first)| (offer, first)));
    }
    found
}

fn assert_equal(scene: &Scene, programme: &Programme, asked: &Asked) {
    let wish = asked.wish(scene, programme);
    let SearchResult { offers, refused } = search(programme, &wish);
    let brute = brute_force(scene, programme, asked);
    let free: Vec<FreeTime> = brute
        .iter()
        .filter(|(_, conflict)| conflict.is_none())
        .map(|(offer, _)| sorted(offer))
        .collect();
    assert_eq!(
        offers.iter().map(sorted).collect::<Vec<_>>(),
        free,
        "the same offers"
    );
    for TakenTime { interval, obstacle } in refused {
        let tried = brute
            .iter()
            .find(|(offer, _)| offer.placement.interval == interval);
        match (obstacle, tried) {
            (
                Obstacle::Rule {
                    details, conflict, ..
                },
                Some((offer, Some(first))),
            ) => {
                assert_eq!(*conflict, *first, "the same obstacle");
                assert_eq!(details.placement.room, offer.placement.room);
                assert_eq!(details.content.interpreters, sorted(offer).interpreters);
            }
            (Obstacle::NoRoomFor(_) | Obstacle::NobodyInterprets(_), None) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn sorted(offer: &FreeTime) -> FreeTime {
    let mut offer = offer.clone();
    offer.interpreters.sort_unstable();
    offer
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_search_finds_what_trying_everything_finds(scene in scene(), asked in asked()) {
        assert_equal(&scene, &scene.programme(), &asked);
    }

    #[test]
    fn interpretation_offers_agree_with_the_rules(
        scene in scene(),
        asked in asked(),
        alone in select(vec![20, 40, 1440]),
    ) {
        let mut scene = scene;
        scene.alone = alone;
        let programme = scene.programme();
        let asked = Asked {
            pairs: Vec::new(),
            // With one who is there in any case, another may close a relay, which is never offered.
            interpreters: Vec::new(),
            // In a break nobody speaks.
            kind: if asked.kind == SlotKind::Break { SlotKind::Other } else { asked.kind },
            ..asked
        };
        let SearchResult { offers, refused } = search(&programme, &asked.wish(&scene, &programme).interpreted());
        let objections = |placement, set: &[InterpreterId]| {
            let details = asked.details(placement, set.to_vec(), true);
            asked.judged(&programme, &details).into_iter().find(|conflict| conflict.level != Level::Advice)
        };
        for FreeTime { placement, interpreters } in offers {
            prop_assert_eq!(objections(placement, &interpreters), None);
        }
        let sets: Vec<_> = asked.sets(&programme).into_iter().filter(|set| set.len() < 2).collect();
        for TakenTime { interval, .. } in refused {
            for (room, set) in asked.rooms(&programme).into_iter().flat_map(|room| sets.iter().map(move |set| (room, set))) {
                prop_assert!(objections(Placement { interval, room }, set).is_some(), "{:?} {:?} {:?}", interval, room, set);
            }
        }
    }

    #[test]
    fn the_order_of_offers_keeps_them_all(scene in scene(), asked in asked()) {
        let programme = scene.programme();
        let wish = asked.wish(&scene, &programme);
        let offers = search(&programme, &wish).offers;
        let mut ranked: Vec<_> = ranked(&programme, &wish, offers.clone());
        for pair in ranked.windows(2) {
            let key = |at: usize| {
                let start = pair[at].offer.placement.interval.start();
                let minute = start.minutes().rem_euclid(60);
                (pair[at].advice.len(), minute % 30 != 0, minute % 15 != 0, start)
            };
            prop_assert!(key(0) < key(1));
        }
        ranked.sort_by_key(|each| each.offer.placement.interval.start());
        let kept: Vec<FreeTime> = ranked.into_iter().map(|each| each.offer).collect();
        prop_assert_eq!(kept, offers);
    }
}
