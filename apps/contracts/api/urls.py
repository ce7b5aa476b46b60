"""Addresses."""

from rest_framework.routers import SimpleRouter

from apps.contracts.api.views import ContractViewSet, RegistrationOfficeViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("contracts", ContractViewSet, "contract")
router.register("offices", RegistrationOfficeViewSet, "office")
urlpatterns = router.urls
