"""Rules of registration that change by place and date: how numbers are built, which limits hold."""
