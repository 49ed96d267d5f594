//! Truth tables of the joint search.

use super::*;
use crate::core::delegation::DelegationId;
use crate::core::fixture::interpreter;
use crate::core::interpreter::{InterpreterId, LanguagePair};
use crate::core::room::{RoomClosure, RoomId};
use crate::core::sample::{CONFERENCE, DINING, HALL, JP, UZ, programme_in, slot_in};
use crate::core::wording;

/// The hall takes 50, the conference room 30, the others 12; five minutes of turnaround each.
fn house(slots: Vec<Slot>) -> Programme {
    let mut house = programme(slots);
    for room in Arc::make_mut(&mut house.rooms) {
        room.capacity = match room.id {
            HALL => 50,
            CONFERENCE => 30,
            _ => 12,
        };
    }
    house
}

fn with_interpreters(mut house: Programme, pairs: &[&[&str]]) -> Programme {
    house.interpreters = Arc::new(
        (1..)
            .zip(pairs)
            .map(|(id, pairs)| interpreter(id, pairs))
            .collect(),
    );
    house
}

fn taken(id: i64, room: RoomId, parties: &[DelegationId], (start, minutes): (&str, i32)) -> Slot {
    let time = (start, minutes);
    slot(
        id,
        SlotKind::Other,
        "Talk",
        time,
        room,
        parties,
        SlotState::Tentative,
    )
}

/// Half an hour for Kazakhstan and Uzbekistan from ten to noon.
fn wish(house: &Programme) -> SearchRequest {
    let times = [Interval::new(at("10:00"), at("12:00")).unwrap()];
    SearchRequest::new(house, SlotKind::Bilateral, vec![KZ, UZ], 30)
        .and_then(|wish| wish.within(house, &times))
        .unwrap()
}

fn between(wish: SearchRequest, pairs: &[&str]) -> SearchRequest {
    let pairs = pairs.iter().map(|pair| LanguagePair::parse(pair).unwrap());
    wish.interpreted_between(pairs.collect()).unwrap()
}

fn offer(found: &SearchResult, start: &str) -> Option<FreeTime> {
    let mut offers = found.offers.iter();
    offers
        .find(|offer| offer.placement.interval.start() == at(start))
        .cloned()
}

fn obstacle(house: &Programme, found: &SearchResult, start: &str) -> String {
    let mut refused = found.refused.iter();
    refused
        .find(|refused| refused.interval.start() == at(start))
        .map(|refused| wording::obstacle(house, &refused.obstacle))
        .unwrap_or_default()
}

#[test]
fn every_start_on_the_grid_is_offered_or_refused() {
    let house = house(vec![]);
    let found = search(&house, &wish(&house));
    assert_eq!((found.offers.len(), found.refused.len()), (19, 0));
    let starts = [
        found.offers[0].placement.interval.start(),
        found.offers[18].placement.interval.start(),
    ];
    assert_eq!(starts, [at("10:00"), at("11:30")]);
}

#[test]
fn the_smallest_room_that_is_large_enough_and_free_is_chosen() {
    let talk = taken(1, SALON, &[JP], ("10:00", 60));
    let house = house(vec![talk]);
    let any = search(&house, &wish(&house));
    for (start, room) in [("10:00", DINING), ("11:00", DINING), ("11:05", SALON)] {
        assert_eq!(
            offer(&any, start).unwrap().placement.room,
            Some(room),
            "{start}"
        );
    }
    for (place, room) in [
        (RoomChoice::Holding(13), Some(CONFERENCE)),
        (RoomChoice::Holding(31), Some(HALL)),
        (RoomChoice::Certain(HALL), Some(HALL)),
        (RoomChoice::Nowhere, None),
    ] {
        let found = search(&house, &wish(&house).at(place));
        assert_eq!(
            offer(&found, "10:00").unwrap().placement.room,
            room,
            "{place:?}"
        );
    }
    let found = search(&house, &wish(&house).at(RoomChoice::Holding(51)));
    assert_eq!(found.offers, []);
    assert_eq!(
        obstacle(&house, &found, "10:00"),
        "No room takes 51 people."
    );
}

#[test]
fn a_room_is_chosen_to_which_the_principals_can_come_in_time() {
    let talk = taken(1, CONFERENCE, &[KZ], ("10:00", 30));
    let mut house = house(vec![talk]);
    for room in Arc::make_mut(&mut house.rooms) {
        room.turnaround_minutes = 0;
    }
    let found = search(&house, &wish(&house));
    assert_eq!(
        offer(&found, "10:30").unwrap().placement.room,
        Some(CONFERENCE),
        "they stay"
    );
    assert_eq!(offer(&found, "10:35").unwrap().placement.room, Some(SALON));
}

#[test]
fn the_first_obstacle_is_said_of_the_best_that_could_be_had() {
    let slots = vec![
        taken(1, HALL, &[JP, KZ], ("10:00", 30)),
        taken(2, SALON, &[JP], ("11:00", 30)),
    ];
    let day = house(slots);
    let found = search(&day, &wish(&day));
    assert_eq!(
        obstacle(&day, &found, "10:00"),
        "Kazakhstan is in “Talk” (Main Hall) from 10:00 until 10:30. Kazakhstan alone is free again for 30 \
         minutes from 10:35."
    );
    assert_eq!(
        obstacle(&day, &found, "10:30"),
        "The principal of Kazakhstan needs 5 minutes between rooms; there are 0 minutes to “Talk” (Main Hall) from \
         10:00 until 10:30. Free again for 30 minutes from 10:35."
    );
    let certain = search(&day, &wish(&day).at(RoomChoice::Certain(SALON)));
    assert_eq!(
        obstacle(&day, &certain, "11:00"),
        "Salon is taken by “Talk” (Salon) from 11:00 until 11:30. Free again for 30 minutes from 11:35."
    );
    let all: Vec<Slot> = (1..)
        .zip([HALL, CONFERENCE])
        .map(|(id, room)| taken(id, room, &[JP], ("11:00", 30)))
        .collect();
    let full = house(all);
    let found = search(&full, &wish(&full).at(RoomChoice::Holding(30)));
    assert_eq!(
        obstacle(&full, &found, "11:00"),
        "Conference Room is taken by “Talk” (Conference Room) from 11:00 until 11:30. Free again for 30 minutes from \
         11:35. The one other room to choose from is not free either."
    );
}

#[test]
fn the_fewest_interpreters_who_are_free_cover_the_pairs() {
    let mut talk = taken(1, SALON, &[JP], ("11:00", 30));
    talk.details.content.interpreters = vec![InterpreterId(3)];
    let pairs: [&[&str]; 4] = [&["kk-ja"], &["ja-ru"], &["ja-ru", "kk-ja"], &["en-fr"]];
    let house = with_interpreters(house(vec![talk]), &pairs);
    let who = |pairs: &[&str], start| {
        let found = search(&house, &between(wish(&house), pairs));
        offer(&found, start)
            .map(|offer| offer.interpreters.iter().map(|id| id.0).collect::<Vec<_>>())
    };
    assert_eq!(
        who(&["ja-ru"], "10:00"),
        Some(vec![2]),
        "the first on the list"
    );
    assert_eq!(
        who(&["ru-ja", "ja-kk"], "10:00"),
        Some(vec![3]),
        "one for both"
    );
    assert_eq!(
        who(&["ja-ru", "ja-kk"], "11:00"),
        Some(vec![1, 2]),
        "who does both is busy"
    );
    let nobody = search(&house, &between(wish(&house), &["ja-de"]));
    assert_eq!(
        obstacle(&house, &nobody, "10:00"),
        "No interpreter works between ja and de."
    );
    let certain = search(&house, &wish(&house).interpreted_by(vec![InterpreterId(3)]));
    assert!(offer(&certain, "10:00").is_some());
    assert!(obstacle(&house, &certain, "11:00").starts_with("Interpreter 3 is in “Talk”"));
}

#[test]
fn a_meeting_too_long_for_one_interpreter_takes_two() {
    let mut talk = taken(1, SALON, &[JP], ("11:00", 30));
    talk.details.content.interpreters = vec![InterpreterId(2)];
    let house = with_interpreters(house(vec![talk]), &[&["ja-ru"], &["ja-ru"]]);
    let hour = SearchRequest::new(&house, SlotKind::Bilateral, vec![KZ, UZ], 60).unwrap();
    let found = search(&house, &between(hour, &["ja-ru"]));
    let both = vec![InterpreterId(1), InterpreterId(2)];
    assert_eq!(offer(&found, "09:30").unwrap().interpreters, both);
    assert!(
        obstacle(&house, &found, "10:30")
            .starts_with("Interpreter 1 works alone from 10:30 to 11:30"),
        "the colleague is elsewhere"
    );
}

#[test]
fn a_wish_that_makes_no_sense_is_refused() {
    let house = house(vec![]);
    let made = |parties: &[DelegationId], minutes| {
        SearchRequest::new(&house, SlotKind::Other, parties.to_vec(), minutes).map(drop)
    };
    let length = Err(SearchRequestError::Length { grid: 5 });
    assert_eq!(made(&[], 30), Err(SearchRequestError::NoParties));
    for minutes in [-5, 0, 7, 1445] {
        assert_eq!(made(&[KZ], minutes), length, "{minutes}");
    }
    assert_eq!(made(&[KZ], 1440), Ok(()));
    let next_day = Interval::stay(at("20:00"), at("24:00").plus(60)).unwrap();
    assert_eq!(
        wish(&house).within(&house, &[next_day]),
        Err(SearchRequestError::OutsideDays(
            crate::core::time::parse_date("2022-12-25").unwrap()
        ))
    );
    let pairs = (0..9).map(|at| LanguagePair::new("ja", &format!("aa-{at}aaa")).unwrap());
    assert_eq!(
        wish(&house).interpreted_between(pairs.collect()),
        Err(SearchRequestError::TooManyPairs)
    );
}

#[test]
fn without_free_times_each_obstacle_is_named() {
    let slots = vec![
        taken(1, SALON, &[JP], ("09:30", 60)),
        taken(2, SALON, &[JP], ("10:55", 90)),
    ];
    let house = house(slots);
    let wanted = wish(&house).at(RoomChoice::Certain(SALON));
    assert_eq!(search(&house, &wanted).offers, []);
    let named: Vec<(Relaxation, usize)> = relaxations(&house, &wanted)
        .into_iter()
        .map(|each| (each.what, each.offers))
        .collect();
    assert_eq!(
        named,
        [
            (Relaxation::AnyTime, 103),
            (Relaxation::AnyRoom, 19),
            (Relaxation::NoRoom, 19),
            (Relaxation::Shorter(15), 1),
        ]
    );
}

#[test]
fn closed_rooms_and_rooms_for_other_kinds_are_not_offered() {
    let mut house = house(Vec::new());
    for room in Arc::make_mut(&mut house.rooms) {
        match room.id {
            SALON => {
                room.closures = vec![RoomClosure {
                    interval: Interval::new(at("10:30"), at("11:00")).unwrap(),
                    reason: String::new(),
                }];
            }
            // The other rooms that take the parties.
            _ => room.kinds = vec![SlotKind::Plenary],
        }
    }
    let found = search(&house, &wish(&house));
    let starts: Vec<Instant> = found
        .offers
        .iter()
        .map(|offer| offer.placement.interval.start())
        .collect();
    let free = [
        "10:00", "11:00", "11:05", "11:10", "11:15", "11:20", "11:25", "11:30",
    ];
    assert_eq!(starts, free.map(at));
    assert!(
        found
            .offers
            .iter()
            .all(|offer| offer.placement.room == Some(SALON))
    );
    assert_eq!(
        obstacle(&house, &found, "10:30"),
        "Salon is closed from 10:30 to 11:00. Free again for 30 minutes from 11:00. None of the 4 other rooms to choose \
         from is free either."
    );
}

#[test]
fn rooms_between_the_wish_and_the_parties_are_too_small() {
    let house = house(Vec::new());
    let wish = |people| wish(&house).at(RoomChoice::Holding(people));
    // Two parties of six; raised to sixteen people each.
    let mut large = house.clone();
    for delegation in Arc::make_mut(&mut large.delegations) {
        delegation.party_size = 8;
    }
    assert_eq!(wish(12).too_small(&house), None);
    let (people, rooms) = wish(12).too_small(&large).unwrap();
    let rooms: Vec<&str> = rooms.iter().map(|room| room.code.as_str()).collect();
    assert_eq!((people, rooms), (16, vec!["salon", "dining", "press"]));
    assert_eq!(wish(13).too_small(&large), None);
}

#[test]
fn interpreter_on_the_way_is_offered_where_they_are_in_time() {
    // The only interpreter works in the conference room until ten; the smaller rooms come first otherwise.
    let mut talk = taken(1, CONFERENCE, &[JP], ("09:30", 30));
    talk.details.content.interpreters = vec![InterpreterId(1)];
    let mut house = with_interpreters(house(vec![talk]), &[&["ja – ru"]]);
    Arc::make_mut(&mut house.event)
        .settings
        .interpreter_alone_minutes = 240;
    for room in Arc::make_mut(&mut house.rooms) {
        room.turnaround_minutes = 0;
    }
    let found = search(&house, &between(wish(&house), &["ja – ru"]));
    let room = |start| offer(&found, start).unwrap().placement.room;
    assert_eq!(room("10:00"), Some(CONFERENCE));
    assert_eq!(room("10:05"), Some(SALON));
    let elsewhere = between(wish(&house), &["ja – ru"]).at(RoomChoice::Certain(SALON));
    let found = search(&house, &elsewhere);
    assert_eq!(offer(&found, "10:00"), None);
    assert_eq!(
        obstacle(&house, &found, "10:00"),
        "Interpreter 1 needs 5 minutes between rooms; there are 0 minutes to “Talk” (Conference Room) from 09:30 until \
         10:00. Free again for 30 minutes from 10:05."
    );
}

#[test]
fn night_is_searched_where_the_day_closes_late() {
    let zone = "Europe/London";
    let days = [
        ("2026-10-23", "22:00", "26:00"),
        ("2026-10-24", "01:00", "03:00"),
    ];
    let busy = slot_in(zone, 1, ("2026-10-23", "23:00"), 60);
    let house = programme_in(zone, &days, vec![busy]);
    let wish = SearchRequest::new(&house, SlotKind::Other, vec![KZ], 60).unwrap();
    let wish = wish.at(RoomChoice::Certain(SALON));
    let starts: Vec<String> = search(&house, &wish)
        .offers
        .iter()
        .map(|offer| house.event.typed(offer.placement.interval).1)
        .filter(|start| start.ends_with(":30") || start.ends_with(":00"))
        .collect();
    // Each start once, though both days are open between one and two o'clock.
    assert_eq!(
        starts,
        ["24:30", "01:00", "01:30", "02:00"].map(str::to_owned)
    );
    // What is refused at half past eleven could begin after midnight.
    let wanted = slot_in(zone, 9, ("2026-10-23", "23:30"), 60);
    let offers = alternatives(&house, Candidate::stored(&wanted));
    let starts: Vec<String> = offers
        .iter()
        .map(|offer| house.event.typed(offer.placement.interval).1)
        .collect();
    assert!(starts.iter().any(|start| start == "24:05"), "{starts:?}");
}

#[test]
fn day_before_one_without_midnight_can_be_searched() {
    let house = programme_in("Africa/Cairo", &[("2026-04-23", "09:00", "24:00")], vec![]);
    let day = house.event.days[0].date;
    let wish = SearchRequest::new(&house, SlotKind::Other, vec![KZ], 60)
        .and_then(|wish| wish.within(&house, &[house.event.hours_of(day)]))
        .unwrap();
    let last = search(&house, &wish).offers.pop().unwrap();
    assert_eq!(house.event.typed(last.placement.interval).1, "23:00");
}
