{# Remove the territories of `int_revision` whose inputs are no longer those of its rows; the model computes them again. #}
{% macro remove_outdated_territories() %}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where inputs_digest not in (select inputs.inputs_digest from {{ ref('int_revision_input') }} as inputs)
    {%- endif -%}
{% endmacro %}
