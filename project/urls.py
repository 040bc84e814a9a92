"""Where does the demo site answer: the admin, and the REST API under /api/cors/."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/cors/", include("cors_policies.api.urls")),
]
