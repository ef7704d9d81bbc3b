{# Closed forms of ratios and balances. A property test compares each with its Python oracle in tests/oracles. #}

{# The gap of a balance, as an aggregate of its terms: inflow (sign 1) minus outflow and closing stock (sign -1). #}
{% macro balance_gap(sign, value) -%}coalesce(sum({{ sign }} * {{ value }}), 0){%- endmacro %}

{# `holds` if the gap is at most one count unit, else `broken`: tests/oracles/balance.py. #}
{% macro balance_state(gap) -%}case when abs({{ gap }}) <= 1 then 'holds' else 'broken' end{%- endmacro %}

{# Shapley's split of a change of counts C = V r between two periods: tests/oracles/decomposition.py. Over one
   denominator, so that there is one rounding and the two effects differ from the change only by it. #}
{% macro shapley_volume(v0, c0, v1, c1) -%}
    ({{ v1 }} - {{ v0 }}) * ({{ c0 }} * {{ v1 }} + {{ c1 }} * {{ v0 }}) / (2 * {{ v0 }} * {{ v1 }})
{%- endmacro %}

{% macro shapley_ratio(v0, c0, v1, c1) -%}
    ({{ c1 }} * {{ v0 }} - {{ c0 }} * {{ v1 }}) * ({{ v0 }} + {{ v1 }}) / (2 * {{ v0 }} * {{ v1 }})
{%- endmacro %}

{# Greatest open share, in per cent, of a cohort that may be the default version of a stage ratio. This is a choice:
   with a tenth open, a conviction ratio of 65 can still rise to 75 at most. #}
{% macro cohort_open_at_most() -%}10{%- endmacro %}
