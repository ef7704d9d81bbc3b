{# Where a source lies. The one place that knows of files: on an engine with a catalogue the relation itself is read. #}
{% macro from_source(source_name, table_name) %}
    {{- return(adapter.dispatch('from_source')(source(source_name, table_name), source_name, table_name)) -}}
{% endmacro %}

{% macro default__from_source(relation, source_name, table_name) %}{{ return(relation) }}{% endmacro %}

{# Facts are read from the list of files that the caller gives (those not yet in the warehouse): opening all files of
   a long history costs more than everything after it. #}
{% macro duckdb__from_source(relation, source_name, table_name) %}
    {%- if source_name == 'facts' -%}
        {%- set files = var('files').get(table_name, []) -%}
    {%- elif source_name == 'counts' -%}
        {%- set files = [var('counts_input')] -%}
    {%- elif source_name == 'dimensions' -%}
        {%- set files = [var('dimensions') ~ '/' ~ table_name ~ '.parquet'] -%}
    {%- elif source_name == 'records' -%}
        {%- set files = [var('records') ~ '/' ~ table_name ~ '.parquet'] -%}
    {%- else -%}
        {%- set files = [var('gathered') ~ '/' ~ table_name ~ '.parquet'] -%}
    {%- endif -%}
    {%- set quoted = [] -%}
    {%- for file in files -%}{%- do quoted.append("'" ~ file | replace("'", "''") ~ "'") -%}{%- endfor -%}
    {{- return('read_parquet([' ~ quoted | join(', ') ~ '])') -}}
{% endmacro %}

{# The columns that the model's own page declares: of a model that takes over what it reads as it is. #}
{% macro declared_columns() -%}
    {{ model.columns.keys() | join(', ') }}
{%- endmacro %}
