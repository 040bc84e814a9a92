"""Which addresses does the demo site answer?"""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from project import views

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/cors/", include("cors_policies.api.urls")),
    path("api/public/orders/", views.orders),
    path("api/internal/orders/", views.orders),
    path("api/orders/", views.orders),
    path("api/orders/<int:number>/", views.orders),
    path("api/orders/<int:number>", views.orders),
    path("api/visit/", views.visit),
    path("", include("project.lab.urls")),
]
