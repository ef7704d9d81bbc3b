{# Remove the rows of territories whose inputs have changed. The model `int_revision` computes them again. #}
{% macro remove_outdated_territories() %}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where inputs_digest not in (select inputs.inputs_digest from {{ ref('int_revision_input') }} as inputs)
    {%- endif -%}
{% endmacro %}
