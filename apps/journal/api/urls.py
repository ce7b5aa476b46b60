"""The addresses of the journal."""

from django.urls import path

from apps.journal.api import views

urlpatterns = [path("journal", views.EntryList.as_view(), name="journal")]
