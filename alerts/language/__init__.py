"""Pure: languages, catalogs, dates, templates, and what a text costs on the air."""
