with

source as (select * from {{ source('gathered', 'counting_rule') }}),

final as (
    select
        territory, jurisdiction, level, count_unit,
        input_or_output, counted_at,
        several_offences, attempts, juveniles, legal_persons, unknown_perpetrators,
        cast(transferred_counted_again as boolean) as is_transfer_counted_again,
        valid_from, valid_to,
        status, read_keys
    from source
)

select * from final
