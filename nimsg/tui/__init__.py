"""The full-screen client: a pure view-model, and views that only draw it."""
