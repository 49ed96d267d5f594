//! The tables, maintained by hand: one schema for both databases (a test compares it with both).
#![expect(missing_docs, reason = "the columns are explained in migrations/")]

diesel::table! {
    users (id) {
        id -> BigInt,
        email -> Text,
        name -> Text,
        password_hash -> Text,
        admin -> Bool,
        disabled_at -> Nullable<BigInt>,
        created_at -> BigInt,
        zoom -> Text,
        factor_reset_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    sessions (token_hash) {
        token_hash -> Text,
        user_id -> BigInt,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    second_factors (user_id) {
        user_id -> BigInt,
        seed -> Text,
        last_step -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    recovery_codes (user_id, code_hash) {
        user_id -> BigInt,
        code_hash -> Text,
    }
}

diesel::table! {
    sign_in_steps (token_hash) {
        token_hash -> Text,
        user_id -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    form_posts (key_hash) {
        key_hash -> Text,
        answer -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    sign_on_flows (token_hash) {
        token_hash -> Text,
        onward -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    sign_on_identities (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        user_id -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    account_rules (id) {
        id -> BigInt,
        second_factor_required -> Bool,
    }
}

diesel::table! {
    known_devices (token_hash, user_id) {
        token_hash -> Text,
        user_id -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    invitations (token_hash) {
        token_hash -> Text,
        user_id -> BigInt,
        kind -> Text,
        mail_id -> Nullable<BigInt>,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    sign_in_failures (throttle_key) {
        throttle_key -> Text,
        failures -> Integer,
        window_ends_at -> BigInt,
    }
}

diesel::table! {
    api_tokens (id) {
        id -> BigInt,
        user_id -> BigInt,
        token_hash -> Text,
        name -> Text,
        scope -> Text,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    calendar_links (id) {
        id -> BigInt,
        user_id -> BigInt,
        event_id -> BigInt,
        token_hash -> Text,
        name -> Text,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    idempotency_keys (user_id, event_id, request_key) {
        user_id -> BigInt,
        event_id -> BigInt,
        request_key -> Text,
        request_hash -> Text,
        slot_id -> BigInt,
        answer -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    events (id) {
        id -> BigInt,
        slug -> Text,
        name -> Text,
        name_ja -> Text,
        venue -> Text,
        venue_ja -> Text,
        time_zone -> Text,
        office_name -> Text,
        office_email -> Text,
        office_phone -> Text,
        grid_minutes -> Integer,
        minimum_gap_minutes -> Integer,
        chair_run_minutes -> Integer,
        chair_rest_needs_reason -> Bool,
        interpreter_alone_minutes -> Integer,
        interpreter_team_minutes -> Integer,
        interpreter_rest_minutes -> Integer,
        revision -> BigInt,
        created_at -> BigInt,
        revision_key -> BigInt,
    }
}

diesel::table! {
    event_lifecycles (event_id) {
        event_id -> BigInt,
        archived_at -> Nullable<BigInt>,
        erase_after_days -> Nullable<Integer>,
        erased_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    event_days (event_id, day) {
        event_id -> BigInt,
        day -> Date,
        opens -> Integer,
        closes -> Integer,
    }
}

diesel::table! {
    memberships (user_id, event_id) {
        user_id -> BigInt,
        event_id -> BigInt,
        role -> Text,
    }
}

diesel::table! {
    resources (id) {
        id -> BigInt,
        event_id -> BigInt,
        kind -> Text,
        code -> Text,
        turnaround_minutes -> Integer,
    }
}

diesel::table! {
    rooms (id) {
        id -> BigInt,
        event_id -> BigInt,
        name -> Text,
        name_ja -> Text,
        capacity -> Integer,
        position -> Integer,
    }
}

diesel::table! {
    room_kinds (room_id, kind) {
        room_id -> BigInt,
        kind -> Text,
    }
}

diesel::table! {
    room_closures (room_id, starts_at) {
        room_id -> BigInt,
        starts_at -> Integer,
        ends_at -> Integer,
        reason -> Text,
    }
}

diesel::table! {
    delegations (id) {
        id -> BigInt,
        event_id -> BigInt,
        name -> Text,
        name_ja -> Text,
        role -> Text,
        principal -> Text,
        principal_ja -> Text,
        principal_title -> Text,
        precedence -> Integer,
        time_zone -> Text,
        languages -> Text,
        party_size -> Integer,
    }
}

diesel::table! {
    interpreters (id) {
        id -> BigInt,
        event_id -> BigInt,
        name -> Text,
        pairs -> Text,
        position -> Integer,
    }
}

diesel::table! {
    contacts (id) {
        id -> BigInt,
        delegation_id -> BigInt,
        name -> Text,
        email -> Text,
        language -> Text,
        letters_only -> Bool,
        position -> Integer,
        phone -> Text,
    }
}

diesel::table! {
    presences (resource_id, arrives_at) {
        resource_id -> BigInt,
        arrives_at -> Integer,
        departs_at -> Integer,
    }
}

diesel::table! {
    slots (id) {
        id -> BigInt,
        event_id -> BigInt,
        kind -> Text,
        title -> Text,
        note -> Text,
        starts_at -> Integer,
        ends_at -> Integer,
        state -> Text,
        holds -> Bool,
        interpretation_wanted -> Bool,
        version -> Integer,
        sequence -> Integer,
        placement -> Integer,
        created_at -> BigInt,
        updated_at -> BigInt,
        fixed -> Bool,
        audience -> Text,
        all_delegations -> Bool,
        format -> Nullable<Text>,
        accompanying -> Nullable<Integer>,
    }
}

diesel::table! {
    slot_audiences (slot_id, delegation_id) {
        slot_id -> BigInt,
        delegation_id -> BigInt,
    }
}

diesel::table! {
    occupancy (slot_id, resource_id) {
        slot_id -> BigInt,
        resource_id -> BigInt,
        event_id -> BigInt,
        kind -> Text,
        starts_at -> Integer,
        ends_at -> Integer,
        holds -> Bool,
        turnaround_minutes -> Integer,
        turnaround_waived -> Bool,
    }
}

diesel::table! {
    overrides (id) {
        id -> BigInt,
        event_id -> BigInt,
        slot_id -> BigInt,
        slot_placement -> Integer,
        other_slot_id -> Nullable<BigInt>,
        other_placement -> Nullable<Integer>,
        resource_kind -> Nullable<Text>,
        resource_id -> Nullable<BigInt>,
        rule -> Text,
        reason -> Text,
        author -> Text,
        created_at -> BigInt,
        approved -> Nullable<Integer>,
    }
}

diesel::table! {
    notices (slot_id, delegation_id) {
        slot_id -> BigInt,
        delegation_id -> BigInt,
        event_id -> BigInt,
        uid -> Text,
        sequence -> Integer,
        method -> Text,
        told -> Text,
        thread -> Text,
        told_at -> BigInt,
        organizer -> Text,
    }
}

diesel::table! {
    answers (slot_id, delegation_id) {
        slot_id -> BigInt,
        delegation_id -> BigInt,
        event_id -> BigInt,
        reply -> Text,
        comment -> Text,
        via -> Text,
        answered_by -> Text,
        sequence -> Integer,
        told -> Text,
        answered_at -> BigInt,
    }
}

diesel::table! {
    private_links (delegation_id) {
        delegation_id -> BigInt,
        generation -> Integer,
        issued_at -> BigInt,
        first_used_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        seen_over_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    link_passes (token_hash) {
        token_hash -> Text,
        delegation_id -> BigInt,
        generation -> Integer,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    outbox (id) {
        id -> BigInt,
        dedupe_key -> Text,
        event_id -> Nullable<BigInt>,
        slot_id -> Nullable<BigInt>,
        delegation_id -> Nullable<BigInt>,
        sequence -> Integer,
        method -> Nullable<Text>,
        recipient -> Text,
        recipient_name -> Text,
        envelope_from -> Text,
        message_id -> Text,
        subject -> Text,
        raw -> Binary,
        state -> Text,
        attempts -> Integer,
        next_at -> BigInt,
        give_up_at -> BigInt,
        lease_owner -> Nullable<Text>,
        lease_until -> Nullable<BigInt>,
        last_code -> Nullable<Integer>,
        last_error -> Nullable<Text>,
        created_at -> BigInt,
        sent_at -> Nullable<BigInt>,
        wiped_at -> Nullable<BigInt>,
        bounced_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    enclosures (mail_id) {
        mail_id -> BigInt,
        name -> Text,
        state -> Text,
        says -> Text,
        letter -> Binary,
        fault -> Nullable<Text>,
    }
}

diesel::table! {
    inbox (id) {
        id -> BigInt,
        dedupe_key -> Text,
        event_id -> BigInt,
        slot_id -> Nullable<BigInt>,
        delegation_id -> Nullable<BigInt>,
        mail_id -> Nullable<BigInt>,
        outcome -> Text,
        why -> Text,
        sender -> Text,
        subject -> Text,
        body -> Text,
        received_at -> BigInt,
        handled_by -> Nullable<Text>,
        handled_at -> Nullable<BigInt>,
        wiped_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    mailboxes (name) {
        name -> Text,
        uid_validity -> BigInt,
        last_uid -> BigInt,
        looked_at -> BigInt,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    mail_queue (id) {
        id -> BigInt,
        paused_by -> Nullable<Text>,
        paused_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit (id) {
        id -> BigInt,
        at -> BigInt,
        event_id -> Nullable<BigInt>,
        revision -> Nullable<BigInt>,
        actor_id -> Nullable<BigInt>,
        actor -> Text,
        action -> Text,
        subject_id -> Nullable<BigInt>,
        subject -> Text,
        before_json -> Nullable<Text>,
        after_json -> Nullable<Text>,
        hash -> Nullable<Text>,
        redaction -> Nullable<BigInt>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    users,
    sessions,
    second_factors,
    recovery_codes,
    sign_in_steps,
    sign_on_flows,
    form_posts,
    sign_on_identities,
    account_rules,
    known_devices,
    invitations,
    sign_in_failures,
    api_tokens,
    calendar_links,
    idempotency_keys,
    events,
    event_lifecycles,
    event_days,
    memberships,
    resources,
    rooms,
    room_kinds,
    room_closures,
    delegations,
    interpreters,
    contacts,
    presences,
    slots,
    slot_audiences,
    occupancy,
    overrides,
    notices,
    answers,
    private_links,
    link_passes,
    outbox,
    enclosures,
    mail_queue,
    inbox,
    mailboxes,
    audit,
);
