drop trigger tell on api.notes;
