"""Which addresses does the lab have on the API site?"""

from django.urls import path

from project.lab import views

_ROW = "lab/<slug:row>/<slug:variant>/"

urlpatterns = [
    path("lab/log", views.read_log),
    path("lab/edit/", views.edit),
    path("lab/edit/<slug:name>/", views.edit),
    path(f"{_ROW}echo", views.echo, name="lab-echo"),
    path(f"{_ROW}cookie", views.cookie),
    path(f"{_ROW}redirect", views.redirect),
    path(f"{_ROW}status/<int:code>", views.status),
    path(f"{_ROW}picture.png", views.file, {"name": "picture.png"}),
    path(f"{_ROW}clip.webm", views.file, {"name": "clip.webm"}),
    path(f"{_ROW}wide.ttf", views.file, {"name": "wide.ttf"}),
    path(f"{_ROW}module.js", views.module),
    path(f"{_ROW}events", views.events),
    path(f"{_ROW}data.js", views.jsonp),
]
