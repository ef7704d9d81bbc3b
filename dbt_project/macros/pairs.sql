{# Shared parts of comparisons of areas. The tests are in `pipelines/statistics`, called through `pair_udf.py`. #}

{# The lowest score at which a pair is tested: 2 means with care, as its reasons say; 0 and 1 are never tested. #}
{% macro lowest_score() -%}2{%- endmacro %}

{# Level of each of so many simultaneous intervals, adjusted p-value and verdict: `tests/oracles/comparison.py` in SQL. #}
{% macro pair_level(pairs) -%}1.0 - cast(0.05 as double) / greatest({{ pairs }}, 1){%- endmacro %}

{# `least` ignores nulls, and a missing p-value must not become 1. #}
{% macro pair_adjusted(p, pairs) -%}case when {{ p }} is not null then least(1.0, {{ p }} * {{ pairs }}) end{%- endmacro %}

{# `higher` and `lower` only if the limits at the default dispersion say the same; those are null where the dispersion of
   both sides is known. #}
{% macro pair_verdict(low, high, low_at_default, high_at_default) -%}
    case
        when {{ low }} > 1 and coalesce({{ low_at_default }} > 1, true) then 'higher'
        when {{ high }} < 1 and coalesce({{ high_at_default }} < 1, true) then 'lower'
        when {{ low }} > 1 or {{ high }} < 1 then 'depends_on_persons_per_case'
        else 'no_difference'
    end
{%- endmacro %}

{# The dispersion of one side if it is known, else at least the default. #}
{% macro default_dispersion(dispersion, basis) -%}
    case
        when {{ basis }} = 'lower_bound' then greatest({{ dispersion }}, {{ var('default_dispersion') }})
        else {{ dispersion }}
    end
{%- endmacro %}

{# All rows of a relation, with the test of their pair: limits `low` and `high` of the ratio of first to second, and
   `p_of_one`. method: rates, proportions, or '' for none. As in `with_limits`, each distinct contrast is computed once;
   most pairs have too few events to be tested at all. `suffix` is added to the names of the three columns. #}
{% macro with_pair_test(relation, method, upper_a, lower_a, upper_b, lower_b, phi_a, phi_b, level, suffix='') -%}
    {%- set numbers = [upper_a, lower_a, upper_b, lower_b, phi_a, phi_b, level] -%}
    select
        given.*,
        (worked_out.test_of).low as low{{ suffix }},
        (worked_out.test_of).high as high{{ suffix }},
        (worked_out.test_of).p as p_of_one{{ suffix }}
    from {{ relation }} as given
    left join (
        select
            contrasts.*,
            {{ pair('contrasts.method_of', 'contrasts.number_') }} as test_of
        from (
            select distinct
                {{ method }} as method_of
                {%- for number in numbers %}, {{ number }} as number_{{ loop.index }}{% endfor %}
            from {{ relation }}
            where {{ method }} <> ''
        ) as contrasts
    ) as worked_out
        on given.{{ method }} = worked_out.method_of
        {%- for number in numbers %}
        and given.{{ number }} is not distinct from worked_out.number_{{ loop.index }}
        {%- endfor %}
{%- endmacro %}

{# One contrast as a struct of low, high and p; called only by `with_pair_test`. `numbers` is the prefix of columns
   that end in 1 to 7: counts of the first and of the second, their dispersions, level. #}
{% macro pair(method, numbers) -%}
    rti_pair({{ method }}{% for place in range(1, 8) %}, cast({{ numbers }}{{ place }} as double){% endfor %})
{%- endmacro %}

{# Join condition with `input_break`: the break concerns this figure and may have taken effect after the first of these
   days and not after the last. For a single period pass its bounds: events on both sides of the break are then in it.
   For a lagged ratio, or a line between two periods, pass the first day of the earlier and the last of the later one.
   `row` has area, measure, level and offence_group; a break of the region is a break of one of its reporters. #}
{% macro break_between(break, row, first_day, last_day) -%}
    {{ break }}.area = {{ row }}.area
    and {{ break }}.offence_group in ('', {{ row }}.offence_group)
    and {{ break }}.level in ('', {{ row }}.level)
    and {{ break }}.measure in ('', {{ row }}.measure)
    and {{ break }}.last_day > {{ first_day }}
    and {{ break }}.first_day <= {{ last_day }}
    and ({{ break }}.area <> '{{ var("region") }}' or {{ listed(break ~ '.territory', row ~ '.reporters') }})
{%- endmacro %}
