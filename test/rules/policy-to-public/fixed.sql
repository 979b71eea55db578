alter policy select_own on api.notes
  to web_user;
