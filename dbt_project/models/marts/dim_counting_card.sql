with

cards as (select * from {{ ref('stg_counting_card') }}),

final as (
    select
        card_id, level, count_unit, count_unit_status, input_or_output, input_or_output_status, counted_at,
        counted_at_status, several_offences, several_offences_status, attempts, attempts_status, juveniles,
        juveniles_status, legal_persons, legal_persons_status, unknown_perpetrators,
        unknown_perpetrators_status, transferred_counted_again, transferred_counted_again_status,
        contradictions, jurisdictions, without_rule, definitions, sources, breaks, law, status, not_read
    from cards
)

select * from final
